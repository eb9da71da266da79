"""Backups that nobody but their owner can read, and restores that are tried.

A backup is one file in the age format (https://age-encryption.org/v1), and what is in it is the database itself: a copy that
SQLite made, or a custom-format dump of `pg_dump`. So `age --decrypt` opens it without this program. The keyring goes to a file
of its own (keys.py), which is kept for days only: what was forgotten must not come back with it.

Only `api.admin` imports this package; a running api does not (tests/unit/api/test_house.py).
"""
