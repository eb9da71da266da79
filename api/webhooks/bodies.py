"""What webhooks say."""

import json

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.operators.models import Operator
from api.organizations.models import Organization
from api.receipts import service as receipts
from api.sessions import details, repository
from api.sessions.models import Session
from api.sessions.modes import Mode, Party, WireRole
from api.sessions.schemas import OperatorShown, OrganizationShown
from api.webhooks.schemas import BytesMoved, SessionEnded, SessionEndedData


async def session_ended(db: AsyncSession, context: Context, session: Session) -> SessionEnded:
    """Everything another system needs to note how a session went."""
    operator = await db.get(Operator, session.operator_id) if session.operator_id else None
    organization = await db.get_one(Organization, session.organization_id)
    rows = await repository.participants(db, session.id)
    ended_at = session.ended_at or context.clock.now()
    receipt = await receipts.at_the_end(db, context, session)
    about = details.opened(context, session)
    lasted = (ended_at - session.started_at).total_seconds() if session.started_at else 0
    return SessionEnded(
        timestamp=ended_at,
        data=SessionEndedData(
            session_id=session.id,
            mode=Mode(session.mode),
            reference=about.reference,
            customer=about.customer,
            operator=OperatorShown(id=operator.id, name=operator.name, verified=session.verified_as)
            if operator
            else None,
            organisation=OrganizationShown(id=organization.id, name=organization.name),
            metadata=about.metadata,
            created_at=session.created_at,
            claimed_at=session.claimed_at,
            started_at=session.started_at,
            ended_at=ended_at,
            seconds=round(lasted),
            ended_by=Party(session.ended_by or Party.SYSTEM),
            reason=about.reason or "ended",
            note=about.note,
            bytes=BytesMoved(
                from_host=sum(row.bytes_in for row in rows if row.role == WireRole.HOST),
                from_viewers=sum(row.bytes_in for row in rows if row.role == WireRole.VIEWER),
            ),
            receipt=json.loads(receipt) if receipt else None,
        ),
    )
