"""Locking an account after wrong passwords, as arithmetic over a row that the caller holds locked.

The counts are in the database, so several api processes share them. A known device has a count of its own.
"""

from datetime import datetime, timedelta
from typing import Protocol

from api.organizations.settings import LockSettings


class Counted(Protocol):
    """A row that counts: an operator (for strangers) or a known device."""

    failures: int
    failed_at: datetime | None
    locked_until: datetime | None


def is_locked(row: Counted, now: datetime) -> bool:
    """Whether no password is taken at the moment."""
    return row.locked_until is not None and row.locked_until > now


def count_failure(row: Counted, lock: LockSettings, now: datetime) -> bool:
    """Note a wrong password; True when it was the one that locks. Failures older than the lock's length are forgotten."""
    period = timedelta(minutes=lock.minutes)
    if row.failed_at is None or now - row.failed_at >= period:
        row.failures = 0
    row.failures += 1
    row.failed_at = now
    if not lock.failures or row.failures < lock.failures:
        return False
    row.failures, row.locked_until = 0, now + period
    return True


def clear(row: Counted) -> None:
    """A right password, or an administrator: nothing is held against the row any more."""
    row.failures, row.failed_at, row.locked_until = 0, None, None
