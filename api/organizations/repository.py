"""SQL of organisations."""

from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.organizations.models import Organization
from api.sessions.models import Session
from api.sessions.repository import live


async def by_id(db: AsyncSession, organization_id: str) -> Organization | None:
    """An organisation."""
    return await db.get(Organization, organization_id)


async def by_code(db: AsyncSession, code: str) -> Organization | None:
    """An organisation by what is typed as company."""
    return (await db.exec(select(Organization).where(Organization.code == code))).first()


async def by_entry(db: AsyncSession, digest: str) -> Organization | None:
    """An organisation by the hash of its entry link's secret, unless it is disabled."""
    enabled = select(Organization).where(col(Organization.disabled_at).is_(None))
    return (await db.exec(enabled.where(Organization.entry_digest == digest))).first()


async def every(db: AsyncSession) -> Sequence[Organization]:
    """All organisations of this server, for whoever runs it."""
    return (await db.exec(select(Organization).order_by(Organization.code))).all()


async def lock(db: AsyncSession, organization_id: str) -> None:
    """Others who want this wait until the transaction ends; rows that refer to the organisation can be written meanwhile."""
    row = select(Organization.id).where(Organization.id == organization_id)
    await db.exec(row.with_for_update(key_share=True))


async def disabled_with_sessions(db: AsyncSession) -> Sequence[str]:
    """Ids of disabled organisations that have sessions which are not over."""
    ids = select(Organization.id).where(col(Organization.disabled_at).is_not(None))
    running = select(Session.id).where(Session.organization_id == Organization.id, live())
    return (await db.exec(ids.where(running.exists()))).all()
