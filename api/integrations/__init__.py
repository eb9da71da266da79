"""Incoming hooks: another system opens a session."""
