"""Sessions as callers see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import cast

from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.permissions import Caller, Scope
from api.context import Context
from api.notes import repository as notes
from api.notes import service as note_rules
from api.operators import repository as operators
from api.operators.models import Operator
from api.organizations import repository as organizations
from api.organizations.models import Organization
from api.sessions import codes, details, repository, statement, tickets
from api.sessions.models import Participant, Session, SessionCode
from api.sessions.modes import Mode, Party, Recording, Side, WireRole
from api.sessions.schemas import (
    DeviceShown,
    Language,
    Limits,
    OperatorShown,
    OrganizationShown,
    ParticipantView,
    Policy,
    SessionView,
)
from api.sessions.states import State


@dataclass(frozen=True, slots=True)
class Made:
    """A new session and what belongs to it."""

    session: Session
    organization: Organization
    operator: Operator | None
    code: str


async def one(db: AsyncSession, context: Context, caller: Caller, session: Session) -> SessionView:
    """One session, whole, with its notes."""
    view = (await many(db, context, caller, [session]))[0]
    if session.note_sealed is not None:
        rows = await notes.of_session(db, session.id)
        view.notes = [note for row in rows if (note := note_rules.view(context, row))]
    return view


def new(context: Context, made: Made) -> SessionView:
    """A session that was made just now: everything about it is at hand."""
    return _view(
        context,
        made.session,
        OrganizationShown(id=made.organization.id, name=made.organization.name),
        operator_shown(made.operator, made.session) if made.operator else None,
        made.code,
        [],
    )


def operator_shown(operator: Operator, session: Session) -> OperatorShown:
    """Who helps, as the customer sees them."""
    return OperatorShown(id=operator.id, name=operator.name, verified=session.verified_as)


async def many(db: AsyncSession, context: Context, caller: Caller, sessions: Sequence[Session]) -> list[SessionView]:
    """Several sessions of the caller's organisation, with four queries in all at most: only who waits has a code to show."""
    await db.flush()
    ids = [session.id for session in sessions]
    waiting = [session.id for session in sessions if session.state == State.WAITING]
    found_codes = await repository.codes_of(db, waiting) if waiting else {}
    context.keyring.prefetch(caller.organization_id, {bytes.fromhex(one.key_id) for one in sessions if one.key_id})
    found_participants = await repository.participants_of(db, ids)
    helpers = {session.operator_id for session in sessions if session.operator_id is not None}
    names = await operators.names(db, caller.organization_id, helpers)
    organization = await organizations.by_id(db, caller.organization_id)
    assert organization is not None
    shown = OrganizationShown(id=organization.id, name=organization.name)
    return [
        _view(
            context,
            session,
            shown,
            OperatorShown(
                id=session.operator_id,
                name=names.get(session.operator_id, ""),
                verified=session.verified_as,
            )
            if session.operator_id
            else None,
            _code(context, caller, session, found_codes.get(session.id)),
            found_participants.get(session.id, []),
        )
        for session in sessions
    ]


def participant(row: Participant, session: Session) -> ParticipantView:
    """One participant."""
    return ParticipantView(
        id=row.id,
        sender=row.sender,
        role=WireRole(row.role),
        side=Side(row.side),
        operator_id=row.operator_id,
        guest=row.mode is not None,
        mode=Mode(tickets.mode_of(session, row)),
        features=tickets.features_of(session, row),
        connected=row.relay_id is not None,
        admitted=row.admitted_at is not None,
        joined_at=row.joined_at,
        left_at=row.left_at,
        removed_at=row.removed_at,
        bytes_in=row.bytes_in,
        bytes_out=row.bytes_out,
    )


def _view(
    context: Context,
    session: Session,
    organisation: OrganizationShown,
    operator: OperatorShown | None,
    code: str | None,
    rows: list[Participant],
) -> SessionView:
    public, mode = context.settings.public_url, Mode(session.mode)
    console = f"{public}/console/sessions/{session.id}"
    limits = Limits(**statement.limits_of(session))
    recording = Recording(session.recording)
    about = details.opened(context, session)
    return SessionView(
        id=session.id,
        state=State(session.state),
        mode=mode,
        features=session.features,
        recording=recording,
        code=code,
        code_expires_at=session.code_expires_at,
        join_url=join_url(context, session, code) if code else None,
        operator_url=console,
        console_url=console,
        queued=session.queued,
        operator=operator,
        organisation=organisation,
        device=_device(session),
        language=cast("Language | None", session.language),
        customer=about.customer,
        reference=about.reference,
        purpose=about.purpose,
        policy=Policy(mode=mode, features=session.features, recording=recording, limits=limits),
        limits=limits,
        metadata=about.metadata,
        participants=[participant(row, session) for row in rows],
        created_at=session.created_at,
        starts_at=session.starts_at,
        claimed_at=session.claimed_at,
        started_at=session.started_at,
        ends_at=session.ends_at,
        ended_at=session.ended_at,
        ended_by=Party(session.ended_by) if session.ended_by else None,
        reason=about.reason,
        closing_reason=about.closing_reason,
        note=about.note,
        customer_id=session.customer_id,
        forgotten=about.forgotten,
    )


def join_url(context: Context, session: Session, code: str) -> str:
    """Where the customer's browser goes. For an appointment the link itself says from when it works.

    The server tells nobody about a code before its time: whoever guessed one would learn that it will be good.
    """
    url = f"{context.settings.public_url}/join/{code}"
    if session.starts_at is None:
        return url
    return f"{url}?from={session.starts_at.astimezone(UTC):%Y%m%dT%H%MZ}"


def _code(context: Context, caller: Caller, session: Session, row: SessionCode | None) -> str | None:
    """The digits, for the operator, administrators, and whoever made the session; only to those who may start sessions."""
    if session.state != State.WAITING or Scope.SESSIONS_WRITE not in caller.scopes:
        return None
    return codes.reveal(context, session, row)


def _device(session: Session) -> DeviceShown | None:
    """The device that a session is for."""
    if session.device_id is None or session.device_name is None:
        return None
    return DeviceShown(id=session.device_id, name=session.device_name)
