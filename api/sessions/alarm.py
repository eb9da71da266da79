"""'Somebody I do not know called me': the customer ended a session with these words, and the organisation hears of it.

It may be a stranger who uses the organisation's name, or one of its own operators. So it goes to the administrators, not to
the operator of the session.
"""

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit import service as audit
from api.audit.actions import Action
from api.context import Context
from api.mail import service as mail
from api.mail.message import AddressUnusable
from api.operators import repository as operators
from api.operators.models import Operator
from api.sessions.models import Session

UNKNOWN_CALLER = "unknown_caller"
"""The reason with which such a session ends."""

log = structlog.get_logger()


async def unknown_caller(db: AsyncSession, context: Context, session: Session) -> None:
    """In the administrative log, and to every administrator by mail where that is set up."""
    operator = await db.get(Operator, session.operator_id) if session.operator_id else None
    name = operator.name if operator else ""
    audit.record(
        db, context, session.organization_id, Action.SESSION_UNKNOWN_CALLER, by=audit.SYSTEM, target=session,
        operator_id=session.operator_id, operator=name, mode=session.mode,
    )  # fmt: skip
    log.warning("session.unknown_caller", session=session.id)
    for administrator in await operators.administrators(db, session.organization_id):
        if administrator.email is None:
            continue
        values = {
            "name": administrator.name, "operator": name or "–", "session": session.id,
            "server": context.settings.public_url,
        }  # fmt: skip
        try:
            mail.queue(db, context, administrator.email, "unknown_caller", "en", **values)
        except AddressUnusable:
            log.warning("session.alarm_mail_unusable", operator=administrator.id)
