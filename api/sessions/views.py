"""Sessions as callers see them."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.permissions import Caller, Scope
from api.context import Context
from api.operators import repository as operators
from api.organizations import repository as organizations
from api.sessions import codes, details, repository, statement
from api.sessions.models import Participant, Session, SessionCode
from api.sessions.modes import Mode, Party, Recording, Side, Verified, WireRole
from api.sessions.schemas import (
    Limits,
    OperatorShown,
    OrganizationShown,
    ParticipantView,
    Policy,
    SessionView,
)
from api.sessions.states import State


async def one(db: AsyncSession, context: Context, caller: Caller, session: Session) -> SessionView:
    """One session, whole."""
    return (await many(db, context, caller, [session]))[0]


async def many(db: AsyncSession, context: Context, caller: Caller, sessions: Sequence[Session]) -> list[SessionView]:
    """Several sessions of the caller's organisation, with three queries in all."""
    await db.flush()
    ids = [session.id for session in sessions]
    found_codes = await repository.codes_of(db, ids)
    found_participants = await repository.participants_of(db, ids)
    names = await operators.names(db, caller.organization_id, {session.operator_id for session in sessions})
    organization = await organizations.by_id(db, caller.organization_id)
    assert organization is not None
    shown = OrganizationShown(id=organization.id, name=organization.name)
    return [
        _view(
            context,
            caller,
            session,
            shown,
            OperatorShown(
                id=session.operator_id,
                name=names.get(session.operator_id, ""),
                verified=Verified.by(session.created_by),
            ),
            found_codes.get(session.id),
            found_participants.get(session.id, []),
        )
        for session in sessions
    ]


def participant(row: Participant) -> ParticipantView:
    """One participant."""
    return ParticipantView(
        id=row.id,
        sender=row.sender,
        role=WireRole(row.role),
        side=Side(row.side),
        operator_id=row.operator_id,
        connected=row.relay_id is not None,
        admitted=row.admitted_at is not None,
        joined_at=row.joined_at,
        left_at=row.left_at,
        bytes_in=row.bytes_in,
        bytes_out=row.bytes_out,
    )


def _view(
    context: Context,
    caller: Caller,
    session: Session,
    organisation: OrganizationShown,
    operator: OperatorShown,
    code_row: SessionCode | None,
    rows: list[Participant],
) -> SessionView:
    public, mode = context.settings.public_url, Mode(session.mode)
    code = _code(context, caller, session, code_row)
    console = f"{public}/console/sessions/{session.id}"
    limits = Limits(**statement.limits(session.max_seconds))
    recording = Recording(session.recording)
    return SessionView(
        id=session.id,
        state=State(session.state),
        mode=mode,
        features=session.features,
        recording=recording,
        code=code,
        code_expires_at=session.code_expires_at,
        join_url=f"{public}/join/{code}" if code else None,
        operator_url=console,
        console_url=console,
        operator=operator,
        organisation=organisation,
        customer=details.customer_of(context, session),
        reference=details.reference_of(session),
        policy=Policy(mode=mode, features=session.features, recording=recording, limits=limits),
        limits=limits,
        metadata=session.meta,
        participants=[participant(row) for row in rows],
        created_at=session.created_at,
        starts_at=session.starts_at,
        claimed_at=session.claimed_at,
        started_at=session.started_at,
        ends_at=session.ends_at,
        ended_at=session.ended_at,
        ended_by=Party(session.ended_by) if session.ended_by else None,
        reason=session.reason,
        note=session.note,
    )


def _code(context: Context, caller: Caller, session: Session, row: SessionCode | None) -> str | None:
    """The digits, for the operator, administrators, and whoever made the session; only to those who may start sessions."""
    if session.state != State.WAITING or Scope.SESSIONS_WRITE not in caller.scopes:
        return None
    return codes.reveal(context.sealer, row, context.clock.now())
