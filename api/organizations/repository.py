"""SQL of organisations."""

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.organizations.models import Organization


async def by_id(db: AsyncSession, organization_id: str) -> Organization | None:
    """An organisation."""
    return await db.get(Organization, organization_id)


async def by_code(db: AsyncSession, code: str) -> Organization | None:
    """An organisation by what is typed as company."""
    return (await db.exec(select(Organization).where(Organization.code == code))).first()
