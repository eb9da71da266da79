"""Relays: registration, commands, reports, assignment."""
