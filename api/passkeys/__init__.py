"""Passkeys (WebAuthn): as a second step, and as the whole sign-in."""
