"""The administrative log as a file that proves itself: its form, what is signed about it, and verifying it (docs/audit.md)."""
