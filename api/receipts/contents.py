"""What stands in a receipt: the server's word from its tables, the host's word from its last report."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, cast

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.operators import repository as operators
from api.organizations.models import Organization
from api.receipts.schemas import (
    Answer,
    AskedBy,
    CustomerNamed,
    End,
    FactsReport,
    GrantSpan,
    HostsWord,
    Moved,
    Named,
    Person,
    ReceiptBody,
    ReferenceNamed,
    ServersWord,
    Span,
)
from api.sessions import details, repository, statement, tickets
from api.sessions.models import Participant, Session
from api.sessions.modes import Mode, Party, Recording, Side, WireRole
from api.sessions.states import State
from wire import tokens
from wire.receipt_form import MAX_PEOPLE


async def write(
    db: AsyncSession, context: Context, session: Session, facts: tuple[FactsReport, datetime] | None
) -> dict[str, Any]:
    """The receipt of a session that is over; `facts` are what its host said last, and when that came."""
    rows = await repository.participants(db, session.id)
    organization = await db.get_one(Organization, session.organization_id)
    stated = statement.stored(context, session)
    body = ReceiptBody(
        issuer=context.signer.issuer,
        issued_at=_short(context.clock.now()),
        session_id=session.id,
        statement_sha256=statement.sha256(stated),
        server=await _servers_word(db, context, session, organization, rows, json.loads(tokens.payload_bytes(stated))),
        host=None if facts is None else _hosts_word(facts[0], facts[1], rows),
    )
    return body.model_dump(mode="json", by_alias=True)


async def _servers_word(
    db: AsyncSession,
    context: Context,
    session: Session,
    organization: Organization,
    rows: Sequence[Participant],
    stated: Mapping[str, Any],
) -> ServersWord:
    names = await operators.names(db, session.organization_id, {row.operator_id for row in rows if row.operator_id})
    about = details.opened(context, session)
    customer, reference = about.customer, about.reference
    ended_at = _short(session.ended_at or context.clock.now())
    started_at = _short(session.started_at) if session.started_at else None
    asked = stated.get("operator")
    return ServersWord(
        organisation=Named(id=organization.id, name=organization.name),
        asked_by=AskedBy(**asked) if asked else None,
        customer=CustomerNamed(name=customer.name) if customer else None,
        reference=ReferenceNamed(system=reference.system, id=reference.id) if reference else None,
        device=Named(id=session.device_id, name=session.device_name)
        if session.device_id and session.device_name
        else None,
        mode=Mode(session.mode),
        features=session.features,
        recording=Recording(session.recording),
        created_at=_short(session.created_at),
        claimed_at=_short(session.claimed_at) if session.claimed_at else None,
        started_at=started_at,
        ended_at=ended_at,
        seconds=round((ended_at - started_at).total_seconds()) if started_at else 0,
        outcome=cast("Literal['ended', 'expired']", str(State(session.state))),
        ended_by=Party(session.ended_by or Party.SYSTEM),
        reason=about.reason or "ended",
        people=[_person(row, session, names) for row in rows[:MAX_PEOPLE]],
        bytes=Moved(
            from_host=sum(row.bytes_in for row in rows if row.role == WireRole.HOST),
            from_viewers=sum(row.bytes_in for row in rows if row.role == WireRole.VIEWER),
        ),
    )


def _person(row: Participant, session: Session, names: Mapping[str, str]) -> Person:
    def moment(value: datetime | None) -> datetime | None:
        return None if value is None else _short(value)

    return Person(
        sender=row.sender,
        side=Side(row.side),
        role=WireRole(row.role),
        guest=row.mode is not None,
        operator=Named(id=row.operator_id, name=names.get(row.operator_id, "")) if row.operator_id else None,
        mode=Mode(tickets.mode_of(session, row)),
        joined_at=moment(row.joined_at),
        admitted_at=moment(row.admitted_at),
        left_at=moment(row.left_at),
        removed_at=moment(row.removed_at),
        bytes_sent=row.bytes_in,
        bytes_received=row.bytes_out,
    )


def _hosts_word(facts: FactsReport, received_at: datetime, rows: Sequence[Participant]) -> HostsWord:
    host = next(row for row in rows if row.role == WireRole.HOST)
    return HostsWord(
        side=Side(host.side),
        complete=facts.ended is not None,
        received_at=_short(received_at),
        clock_ahead_seconds=round((facts.sent_at - received_at).total_seconds()),
        answers=[Answer(viewer=one.viewer, yes=one.yes, at=_short(one.at)) for one in facts.answers],
        grants=[
            GrantSpan(
                since=_short(one.since),
                until=_short(one.until) if one.until else None,
                viewer=one.viewer,
                what=one.what,
            )
            for one in facts.grants
        ],
        pauses=[Span(since=_short(one.since), until=_short(one.until) if one.until else None) for one in facts.pauses],
        own_input=facts.own_input,
        left_out=facts.left_out,
        files=[],
        ended=End(by=facts.ended.by, reason=facts.ended.reason, at=_short(facts.ended.at)) if facts.ended else None,
    )


def _short(moment: datetime) -> datetime:
    """To the second: more says nothing to people, and clocks are no better."""
    return moment.replace(microsecond=0)
