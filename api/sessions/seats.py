"""The places in a session: who is host and who looks on, by mode and side, and which sender id each gets on the wire.

In `manage`, `control` and `view` the customer's screen is shown: the customer is the host. In `share` and `present` it is
the operator's. The first viewer's id is kept for the operator whom the statement names; every other one is introduced.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from api.handover.models import SessionGuest
from api.kit.ids import Kind, new_id
from api.sessions import repository
from api.sessions.models import Participant, Session
from api.sessions.modes import FIRST_VIEWER_SENDER, HOST_SENDER, Mode, Side, WireRole


def for_customer(session: Session, origin: str | None, now: datetime) -> Participant:
    """The customer's place. `origin` is the page they look on from, where they look on."""
    looks_on = Mode(session.mode).shows_operator
    return _new(
        session,
        sender=FIRST_VIEWER_SENDER if looks_on else HOST_SENDER,
        role=WireRole.VIEWER if looks_on else WireRole.HOST,
        side=Side.CUSTOMER,
        origin=origin if looks_on else None,
        now=now,
    )


async def for_operator(
    db: AsyncSession, session: Session, operator_id: str, guest: SessionGuest | None, origin: str | None, now: datetime
) -> Participant:
    """The operator's or guest's place: the same one at every call, with the origin of the latest, until they are sent out."""
    everybody = await repository.participants(db, session.id)
    for participant in everybody:
        if participant.operator_id == operator_id and participant.removed_at is None:
            participant.origin = origin
            return participant
    shows = Mode(session.mode).shows_operator and guest is None
    made = _new(
        session,
        sender=HOST_SENDER if shows else _sender(operator_id, session, guest, everybody),
        role=WireRole.HOST if shows else WireRole.VIEWER,
        side=Side.OPERATOR,
        origin=origin,
        now=now,
    )
    made.operator_id = operator_id
    return made


def is_introduced(participant: Participant) -> bool:
    """Whether the other side has to be told who this is, because the statement does not."""
    return participant.side == Side.OPERATOR and participant.sender > FIRST_VIEWER_SENDER


def _sender(operator_id: str, session: Session, guest: SessionGuest | None, everybody: Sequence[Participant]) -> int:
    taken = [row.sender for row in everybody]
    if guest is None and operator_id == session.stated_operator_id and FIRST_VIEWER_SENDER not in taken:
        return FIRST_VIEWER_SENDER
    return max([FIRST_VIEWER_SENDER, *taken]) + 1


def _new(
    session: Session, *, sender: int, role: WireRole, side: Side, origin: str | None, now: datetime
) -> Participant:
    return Participant(
        id=new_id(Kind.PARTICIPANT),
        session_id=session.id,
        sender=sender,
        role=role,
        side=side,
        origin=origin,
        first_jti="",
        created_at=now,
    )
