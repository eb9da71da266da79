"""Rules of invitations: only while the code can still be used, and not so often that it is a nuisance."""

from datetime import UTC, datetime, timedelta
from typing import cast

from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit import service as audit
from api.audit.actions import Action
from api.auth.permissions import Caller
from api.context import Context
from api.events.service import record
from api.invitations import repository
from api.invitations.models import SessionInvitation
from api.invitations.schemas import InvitationView, InviteRequest
from api.kit.ids import Kind, new_id
from api.kit.throttle import Standing
from api.mail import service as mail
from api.mail.message import AddressUnusable
from api.organizations import repository as organizations
from api.problems import Conflict, Invalid, TooManyRequests
from api.sessions import codes, details, service, views
from api.sessions import repository as sessions
from api.sessions.models import Session
from api.sessions.schemas import Language
from api.sessions.states import State

PAUSE = timedelta(minutes=1)
"""Between two mails of one session."""
MOST = 10
"""Mails of one session."""
NAME = "invite"
"""Of this policy in rate-limit headers."""
_NO_NAME = {"en": "there", "ja": "お客"}


async def invite(
    db: AsyncSession, context: Context, caller: Caller, session_id: str, body: InviteRequest
) -> InvitationView:
    """Queue the mail with the link, or only answer the link where there is nobody to send it to."""
    session = await service.get(db, caller, session_id, lock=True)
    service.refuse_over(context, session)
    now = context.clock.now()
    code = codes.reveal(context, session, await sessions.code_of(db, session.id))
    if session.state != State.WAITING or code is None:
        raise Conflict("The customer has joined already: the code cannot be used again.")
    customer = details.customer_of(context, session)
    email = body.email or (customer.email if customer else None)
    language = cast("Language", body.language or session.language or "en")
    again_at = now
    if email is not None and mail.enabled(context):
        again_at = await _not_too_often(db, session, now)
        name = (customer.name if customer else None) or _NO_NAME[language]
        await _send(db, context, session, email, language, name, code)
        row = SessionInvitation(
            id=new_id(Kind.INVITATION), session_id=session.id, language=language, created_by=caller.id, created_at=now
        )
        db.add(row)
    sent = again_at > now
    record(db, context, session, "session.invited", now, sent=sent, language=language, by=caller.id)
    audit.record(
        db, context, session.organization_id, Action.SESSION_INVITED, by=caller, target=session, email=email, sent=sent
    )
    return InvitationView(
        join_url=views.join_url(context, session, code), sent=sent, email=email, language=language, again_at=again_at
    )


async def _not_too_often(db: AsyncSession, session: Session, now: datetime) -> datetime:
    """When the next mail may go; TooManyRequests when this one may not."""
    before = await repository.of_session(db, session.id)
    if len(before) >= MOST:
        left = max((session.code_expires_at - now).total_seconds(), 1)
        raise _too_often(f"The link was sent {MOST} times, which is enough; read the code out instead.", int(left))
    if before and before[-1].created_at + PAUSE > now:
        seconds = int((before[-1].created_at + PAUSE - now).total_seconds()) + 1
        raise _too_often(f"The link was sent just now; wait {seconds} seconds before sending it again.", seconds)
    return now + PAUSE


def _too_often(detail: str, seconds: int) -> TooManyRequests:
    standing = Standing(1, 0, seconds, int(PAUSE.total_seconds()))
    return TooManyRequests(detail, retry_after=seconds, headers=standing.headers(NAME))


async def _send(
    db: AsyncSession, context: Context, session: Session, email: str, language: str, name: str, code: str
) -> None:
    organization = await organizations.by_id(db, session.organization_id)
    assert organization is not None
    values = {
        "name": name,
        "organisation": organization.name,
        "link": views.join_url(context, session, code),
        "code": " ".join(code[at : at + 4] for at in range(0, len(code), 4)),
        "server": f"{context.settings.public_url}/join",
        "until": _shown(session.code_expires_at),
    }
    template = "session_invitation"
    if session.starts_at is not None:
        template, values["starts"] = "session_appointment", _shown(session.starts_at)
    good_for = session.code_expires_at - context.clock.now()
    try:
        mail.queue_until(db, context, email, template, language, good_for, values, session)
    except AddressUnusable as error:
        raise Invalid.at("#/email", f"No mail can be sent to this address: {error}.") from error


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
