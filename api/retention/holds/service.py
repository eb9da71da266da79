"""Rules of legal holds."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.organizations import repository as organizations
from api.problems import LegallyHeld
from api.retention.holds import repository


async def refuse_if_held(
    db: AsyncSession, organization_id: str, customer_id: str | None = None, session_id: str | None = None
) -> None:
    """LegallyHeld when something that is about to be destroyed must be kept.

    With neither a customer nor a session it is the whole organisation that is about to go. Until the transaction ends nobody
    can order a hold of this organisation: what was looked up here stays true.
    """
    await organizations.lock(db, organization_id)
    holds = await repository.covering(db, organization_id, customer_id, session_id)
    if holds:
        raise LegallyHeld(
            "A legal hold says that this must be kept; lift it first, with DELETE /v1/legal-holds/{hold_id}.",
            holds=[hold.id for hold in holds],
        )
