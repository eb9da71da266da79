"""How the installation is at the moment, looked at once for all who ask within a few seconds."""

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from cryptography import x509
from sqlalchemy.exc import SQLAlchemyError

from api.context import Context
from api.kit.ids import Kind, id_at
from api.operation import repository
from api.operation.repository import Outbox
from api.relays import service as relay_rules

FRESH_SECONDS = 2.0
PATIENCE_SECONDS = 3.0
"""A database that does not answer within this does not answer."""
UNPLACED_SECONDS = 15 * 60.0
LAST_BACKUP = "last-backup"
"""A file in the data directory, touched when a backup was made."""

log = structlog.get_logger()


NOTHING = Outbox(0, None)


@dataclass(frozen=True, slots=True)
class Machine:
    """What is known without the database."""

    disk_free: int
    """Bytes, on the disk of the data directory."""
    disk_size: int
    upkeep_age: float | None = None
    """Seconds since upkeep was last through; None before its first round."""
    certificate_until: datetime | None = None
    backup_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Numbers; what is too much or too little of them is said in health.py."""

    now: datetime
    machine: Machine
    keyring: bool
    database: bool
    """It answered; what follows of it is empty otherwise."""
    sessions: dict[str, int] = field(default_factory=dict)
    webhooks: Outbox = NOTHING
    mails: Outbox = NOTHING
    relays: int = 0
    unplaced_since: datetime | None = None
    """Of the oldest line of the last quarter of an hour that has no place in its log yet."""
    clock_skew: timedelta | None = None
    """How far the database's clock is ahead of ours."""

    def overdue(self, outbox: Outbox) -> float:
        """For how many seconds the one that waits longest should have been sent."""
        return self._since(outbox.due_since)

    @property
    def sequencing_lag(self) -> float:
        """For how many seconds a line of a log has been waiting for its place."""
        return self._since(self.unplaced_since)

    def _since(self, time: datetime | None) -> float:
        return 0.0 if time is None else max(0.0, (self.now - time).total_seconds())


class Watch:
    """Looks, at most once in FRESH_SECONDS however many ask: the health check is open to everybody."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = asyncio.Lock()
        self._known: Facts | None = None
        self._until = 0.0

    async def facts(self) -> Facts:
        """As they were a moment ago."""
        async with self._lock:
            if self._known is None or time.monotonic() >= self._until:
                self._known = await look(self._context)
                self._until = time.monotonic() + FRESH_SECONDS
            return self._known


async def look(context: Context) -> Facts:
    """All facts. What cannot be found out is false or empty."""
    without = Facts(context.clock.now(), _machine(context), _keyring(context), database=False)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await _with_database(context, without)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        log.warning("api.database_silent", error=type(error).__name__)
    return without


async def _with_database(context: Context, facts: Facts) -> Facts:
    async with context.database.read() as db:
        asked = context.clock.now()
        theirs = await repository.clock(db)
        halfway = asked + (context.clock.now() - asked) / 2
        return replace(
            facts,
            database=True,
            sessions=await repository.live_sessions(db),
            webhooks=await repository.webhooks(db),
            mails=await repository.mails(db),
            relays=await repository.relays(db, relay_rules.healthy_since(context)),
            unplaced_since=await repository.unplaced_since(db, id_at(Kind.EVENT, time.time() - UNPLACED_SECONDS)),
            clock_skew=None if theirs is None else theirs - halfway,
        )


def _keyring(context: Context) -> bool:
    """Whether what was sealed can be opened."""
    try:
        return context.sealer.open("health", "probe", context.sealer.seal("health", "probe", b"ok")) == b"ok"
    except Exception:  # whatever it is: nothing can be opened
        log.exception("api.keyring_fails")
        return False


def _machine(context: Context) -> Machine:
    settings = context.settings
    disk = os.statvfs(settings.data_dir)
    return Machine(
        disk_free=disk.f_bavail * disk.f_frsize,
        disk_size=disk.f_blocks * disk.f_frsize,
        upkeep_age=None if context.upkeep_at is None else time.monotonic() - context.upkeep_at,
        certificate_until=certificate_until(settings.tls_cert_file),
        backup_at=_backup_at(settings.data_dir / LAST_BACKUP),
    )


def certificate_until(path: Path | None) -> datetime | None:
    """When the first certificate of a chain expires; None without one."""
    if path is None:
        return None
    with suppress(OSError, ValueError):
        return x509.load_pem_x509_certificates(path.read_bytes())[0].not_valid_after_utc
    return None


def _backup_at(path: Path) -> datetime | None:
    with suppress(OSError):
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return None
