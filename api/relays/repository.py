"""SQL of relays. Relays belong to the installation, not to an organisation."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.kit.insert import insert_new
from api.relays.models import Relay, RelayCommand, RelayReport

MAX_COMMANDS = 100


async def by_token(db: AsyncSession, digest: str) -> Relay | None:
    """A relay by the hash of its token."""
    return (await db.exec(select(Relay).where(Relay.token_digest == digest))).first()


async def by_url(db: AsyncSession, public_url: str) -> Relay | None:
    """A relay by where it is reached."""
    return (await db.exec(select(Relay).where(Relay.public_url == public_url))).first()


async def get(db: AsyncSession, relay_id: str) -> Relay | None:
    """A relay by id."""
    return await db.get(Relay, relay_id)


async def by_ids(db: AsyncSession, ids: Sequence[str]) -> dict[str, Relay]:
    """Several relays by id."""
    return {row.id: row for row in (await db.exec(select(Relay).where(col(Relay.id).in_(ids)))).all()}


async def all_relays(db: AsyncSession) -> Sequence[Relay]:
    """Every relay, oldest first."""
    return (await db.exec(select(Relay).order_by(col(Relay.id)))).all()


async def page(db: AsyncSession, after: str | None, limit: int) -> Sequence[Relay]:
    """Newest first; one more than `limit` when there are more."""
    rows = select(Relay)
    if after is not None:
        rows = rows.where(col(Relay.id) < after)
    return (await db.exec(rows.order_by(col(Relay.id).desc()).limit(limit + 1))).all()


async def healthy(db: AsyncSession, since: datetime, limit: int) -> Sequence[Relay]:
    """Relays heard of since then that take sessions, the least loaded first."""
    rows = select(Relay).where(col(Relay.heartbeat_at) >= since, col(Relay.draining).is_(False))
    room = (Relay.sessions + 1) * 1.0 / func.coalesce(Relay.capacity, 1000)
    return (await db.exec(rows.order_by(room, col(Relay.id)).limit(limit))).all()


async def silent(db: AsyncSession, since: datetime) -> Sequence[Relay]:
    """Relays that were heard of once, but not since then."""
    return (await db.exec(select(Relay).where(col(Relay.heartbeat_at) < since))).all()


async def commands_after(db: AsyncSession, relay_id: str, after: int) -> Sequence[RelayCommand]:
    """What a relay has not been told yet, in order."""
    rows = select(RelayCommand).where(RelayCommand.relay_id == relay_id, col(RelayCommand.id) > after)
    return (await db.exec(rows.order_by(col(RelayCommand.id)).limit(MAX_COMMANDS))).all()


async def purge(db: AsyncSession, before: datetime) -> None:
    """Forget commands and report ids that nobody needs any more."""
    await db.exec(delete(RelayCommand).where(col(RelayCommand.created_at) < before))
    await db.exec(delete(RelayReport).where(col(RelayReport.received_at) < before))


async def note_report(db: AsyncSession, relay_id: str, report_id: str, now: datetime) -> bool:
    """Remember a report's id; False when it was taken before."""
    return await insert_new(db, RelayReport(relay_id=relay_id, id=report_id, received_at=now))
