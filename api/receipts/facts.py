"""Taking the host's word: from the host of this session alone, in bounds, while it runs and a quarter of an hour longer."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.db import wake_after
from api.events.service import topic
from api.problems import Conflict, Forbidden, Invalid, ReceiptGone, SessionGone
from api.receipts import repository
from api.receipts.models import SessionReceipt
from api.receipts.schemas import FactsReport
from api.sessions import admission, details
from api.sessions import repository as sessions
from api.sessions.models import Session
from api.sessions.modes import WireRole
from api.webhooks import outbox
from wire.limits import FACTS_SECONDS

PURPOSE = "host's word"
WINDOW = timedelta(seconds=FACTS_SECONDS)
"""How long after the end a host may report, and a customer may ask."""


async def take(db: AsyncSession, context: Context, token: str, report: FactsReport) -> None:
    """Keep the newest report of a session's host. An older one, or the same again, changes nothing."""
    session, participant, _ = await admission.bearer(db, context, token)
    if participant.role != WireRole.HOST:
        raise Forbidden("Only the machine whose screen is shown reports this.")
    now = context.clock.now()
    if session.ended_at is not None and now > session.ended_at + WINDOW:
        raise SessionGone(
            "It is too late to report.", ended_by=session.ended_by, reason=details.reason_of(context, session)
        )
    if session.forgotten:
        raise ReceiptGone("The customer of this session was forgotten; nothing more is written down.")
    row = await repository.of_session(db, session.id) or SessionReceipt(session_id=session.id)
    if row.facts_number is not None and report.number < row.facts_number:
        return
    if row.sealed is not None:
        raise Conflict("The receipt was made; nothing is added to it.")
    rows = await sessions.participants(db, session.id)
    _refuse_unknown(report, {one.sender for one in rows if one.role == WireRole.VIEWER})
    plain = report.model_dump_json(by_alias=True).encode()
    row.facts_sealed = context.keyring.customer(session).seal(PURPOSE, session.id, plain)
    row.facts_number, row.facts_at, row.facts_final = report.number, now, report.ended is not None
    db.add(row)
    wake_after(db, [topic(session.id)])
    if row.facts_final and session.ended_at is not None and not any(one.relay_id for one in rows):
        await outbox.hasten(db, session.id, now)


def said(context: Context, session: Session, row: SessionReceipt | None) -> tuple[FactsReport, datetime] | None:
    """What the host said last, opened, and when it came."""
    if row is None or row.facts_sealed is None or row.facts_at is None:
        return None
    plain = context.keyring.customer(session).open(PURPOSE, session.id, row.facts_sealed)
    return FactsReport.model_validate_json(plain), row.facts_at


def _refuse_unknown(report: FactsReport, viewers: set[int]) -> None:
    """A host can only speak of those who have a place in its session."""
    told = {"grants": [one.viewer for one in report.grants], "answers": [one.viewer for one in report.answers]}
    for name, named in told.items():
        for number, viewer in enumerate(named):
            if viewer not in viewers:
                raise Invalid.at(f"#/{name}/{number}/viewer", "There is no such viewer in this session.")
