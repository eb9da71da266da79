"""Policy in the life of a session: what it begins with, what holds when somebody comes in, and what was narrowed since.

* A session is made, and a ticket given, by `api/policies/decisions.py`: the decision that can be asked beforehand.
* A session keeps what held for it. A policy that is narrowed later narrows it too: features, limits and what the ends hold
  reach those who are in it as a signed `policy` token over its relays (docs/protocol.md 7).
* A session in a mode that its operator may no longer use ends; one that still waits cannot be joined.

A policy that was widened changes nothing: the narrowest that ever held for a session holds.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.permissions import Caller
from api.context import Context
from api.events.service import record
from api.handover import leaving
from api.handover import repository as handover
from api.kit.asking import asking
from api.operators.models import Operator
from api.organizations.models import Organization
from api.policies import holding
from api.policies.decisions import Refusal, Situation, allows_mode, decide
from api.policies.layers import Effective, Layer, LayerKind, granted, mode_layer, request_layer, resolve, without
from api.policies.members import narrow as narrowed
from api.policies.rules import Value
from api.problems import ModeNotAllowed, PolicyRefused
from api.relays import service as relays
from api.sessions import details, ending, repository, statement
from api.sessions.models import Session
from api.sessions.modes import DEFAULT_FEATURES, Feature, Mode, Party
from api.sessions.schemas import SessionCreate
from api.sessions.states import State

REASON = "policy"
"""Why a session ended whose mode was taken away."""


def situation_of(context: Context, caller: Caller, mode: Mode | None) -> Situation:
    """What is known of a caller who acts in person; of a program nothing, which then does not count."""
    if not caller.is_person:
        return Situation(mode, context.clock.now())
    proof = caller.proof
    return Situation(
        mode,
        context.clock.now(),
        address=asking().address,
        second_factor=proof is not None and bool(set(proof.methods) - {"password"}),
        machine=proof is not None and proof.machine_id is not None,
    )


async def begin(
    db: AsyncSession,
    context: Context,
    caller: Caller,
    organization: Organization,
    operator: Operator | None,
    body: SessionCreate,
) -> dict[str, Value]:
    """The members of a session that is about to be made; ModeNotAllowed or PolicyRefused when it may not be.

    From where and how the operator works counts here only when they make it themselves; it always counts when they come in.
    """
    asked = DEFAULT_FEATURES if body.features is None else body.features
    layers = await holding.layers(db, organization, operator)
    effective = resolve([*layers, mode_layer(body.mode), request_layer(sorted(asked), body.max_session_seconds)])
    in_person = caller.is_person and operator is not None and operator.id == caller.operator_id
    facts = situation_of(context, caller, body.mode) if in_person else Situation(body.mode, context.clock.now())
    situation = Situation(
        mode=body.mode,
        at=max(facts.at, body.starts_at or facts.at),
        address=facts.address,
        second_factor=facts.second_factor,
        machine=facts.machine,
        reason=body.reference is not None or body.purpose is not None,
    )
    _refuse(decide(effective, situation), body.mode)
    return effective.values


async def enter(
    db: AsyncSession,
    context: Context,
    caller: Caller,
    operator: Operator,
    session: Session,
    mode: Mode,
    *,
    native: bool | None = None,
) -> None:
    """Let an operator come in, as the session's own or as a guest in `mode`; else ModeNotAllowed or PolicyRefused.

    Here a program counts as what it is: somebody without a second factor and without a registered machine. Who was let in by
    the customer already may come back after hours: a session that runs is not cut.
    """
    organization = await db.get_one(Organization, session.organization_id)
    held = Layer(LayerKind.REQUEST, session.id, "This session", members_of(session))
    effective = resolve([*await holding.layers(db, organization, operator), held])
    facts = situation_of(context, caller, mode)
    situation = Situation(
        mode=mode,
        at=facts.at,
        address=asking().address,
        second_factor=bool(facts.second_factor),
        machine=bool(facts.machine),
        native=native,
    )
    refusals = decide(effective, situation)
    if any(refusal.member == "hours" for refusal in refusals) and await _was_admitted(db, session, operator):
        refusals = [refusal for refusal in refusals if refusal.member != "hours"]
    _refuse(refusals, mode)


async def _was_admitted(db: AsyncSession, session: Session, operator: Operator) -> bool:
    everybody = await repository.participants(db, session.id)
    return any(row.operator_id == operator.id and row.admitted_at is not None for row in everybody)


async def allows(db: AsyncSession, operator: Operator | None, session: Session, guest_mode: str | None = None) -> bool:
    """Whether the operator may still do today what the session is for, or as a guest their part of it.

    A session in the queue waits for one who may. In a disabled organisation nobody may.
    """
    organization = await db.get_one(Organization, session.organization_id)
    if organization.disabled_at is not None:
        return False
    if operator is None:
        return session.operator_id is None
    values = resolve(await holding.layers(db, organization, operator)).values
    return operator.suspended_at is None and allows_mode(values, guest_mode or session.mode)


async def modes_of(db: AsyncSession, operator: Operator) -> list[str]:
    """The modes an operator may use now."""
    organization = await db.get_one(Organization, operator.organization_id)
    values = resolve(await holding.layers(db, organization, operator)).values
    return [mode for mode in values["modes"] if operator.suspended_at is None and allows_mode(values, mode)]


async def may_have(db: AsyncSession, operator: Operator, mode: Mode) -> list[str]:
    """The features that an operator may have at most in a mode: of a guest, what their own policy leaves."""
    organization = await db.get_one(Organization, operator.organization_id)
    return granted(resolve([*await holding.layers(db, organization, operator), mode_layer(mode)]).values)


def members_of(session: Session) -> dict[str, Value]:
    """What holds for a session. One made before there were policies has its limit and no features."""
    if session.members is not None:
        return narrowed(session.members, {})
    return narrowed(without(set(Feature)), {"max_session_seconds": session.max_seconds})


def settle(session: Session, values: dict[str, Value]) -> None:
    """Write down what holds for a session, in all places that say it."""
    session.members = values
    session.features = granted(values)
    session.recording = values["recording"]
    session.max_seconds = values["max_session_seconds"]


async def members_now(
    db: AsyncSession, session: Session, organization: Organization, operator: Operator | None
) -> dict[str, Value]:
    """What would hold for a session if it were narrowed now: a customer is shown it before they join."""
    return narrowed(members_of(session), resolve(await holding.layers(db, organization, operator)).values)


async def narrow(
    db: AsyncSession, context: Context, session: Session, organization: Organization, operator: Operator | None
) -> None:
    """Bring a session down to what holds now.

    The statement says it as well as long as nobody has one. Once a side does, it stays: both sides' keys are bound to the
    same bytes. Then tickets carry what is narrower, and those who are in hear it from their relay.
    """
    effective = resolve(await holding.layers(db, organization, operator))
    await _narrow(db, context, session, organization, operator, effective)


async def refresh(db: AsyncSession, context: Context, session: Session) -> None:
    """Narrow one session by its organisation and operator as they are now."""
    organization = await db.get_one(Organization, session.organization_id)
    operator = await operator_of(db, session)
    await narrow(db, context, session, organization, operator)


async def operator_of(db: AsyncSession, session: Session) -> Operator | None:
    """Who helps in a session; None while it is in the queue."""
    return await db.get(Operator, session.operator_id) if session.operator_id else None


async def end_forbidden(db: AsyncSession, context: Context, session: Session) -> None:
    """End a session whose mode was taken away from its operator."""
    await ending.end(db, context, session, Party.ADMINISTRATOR, REASON)


async def operator_changed(db: AsyncSession, context: Context, operator: Operator) -> None:
    """What an operator may has changed: their sessions that are not over follow."""
    await operators_changed(db, context, operator.organization_id, [operator.id])


async def operators_changed(db: AsyncSession, context: Context, organization_id: str, ids: Sequence[str]) -> None:
    """What several operators of an organisation may has changed: their sessions that are not over follow."""
    organization = await db.get_one(Organization, organization_id)
    await _follow(db, context, organization, await repository.live_of_operators(db, ids))
    await _guests_follow(db, context, organization, ids)


async def organization_changed(db: AsyncSession, context: Context, organization: Organization) -> None:
    """What holds for everybody in an organisation has changed: its sessions that are not over follow."""
    await _follow(db, context, organization, await repository.live_of_organization(db, organization.id))
    await _guests_follow(db, context, organization, None)


def token_of(context: Context, session: Session) -> str | None:
    """The newest `policy` token of a session, for who comes (back) in; None as long as its statement says it all."""
    return statement.policy_token(context.signer, session, members_of(session)) if session.policy_version else None


async def _follow(db: AsyncSession, context: Context, organization: Organization, sessions: Sequence[Session]) -> None:
    """End those whose mode was taken away, narrow the others. What holds for an operator is worked out once."""
    known: dict[str | None, tuple[Operator | None, Effective]] = {}
    for session in sessions:
        if session.operator_id not in known:
            operator = await operator_of(db, session)
            known[session.operator_id] = operator, resolve(await holding.layers(db, organization, operator))
        operator, effective = known[session.operator_id]
        if session.state != State.WAITING and not allows_mode(effective.values, session.mode):
            await end_forbidden(db, context, session)
        else:
            await _narrow(db, context, session, organization, operator, effective)


async def _guests_follow(
    db: AsyncSession, context: Context, organization: Organization, ids: Sequence[str] | None
) -> None:
    """Send guests out whose mode was taken away, and narrow the others.

    A relay is told what holds for a whole session, not for one in it: who loses something that the session keeps gives
    their place up, and may come again with less.
    """
    await db.flush()
    for session, guest, operator in await handover.live_guests(db, organization.id, ids):
        values = resolve([*await holding.layers(db, organization, operator), mode_layer(Mode(guest.mode))]).values
        if operator.suspended_at is not None or not allows_mode(values, guest.mode):
            await leaving.send_out(db, context, session, operator.id)
            continue
        lost = set(guest.features) - set(granted(values))
        if not lost:
            continue
        guest.features = sorted(set(guest.features) - lost)
        db.add(guest)
        if lost & set(session.features):
            await leaving.clear_seat(db, context, session, operator.id, "removed")


async def _narrow(
    db: AsyncSession,
    context: Context,
    session: Session,
    organization: Organization,
    operator: Operator | None,
    effective: Effective,
) -> None:
    before = members_of(session)
    values = narrowed(before, effective.values)
    if values == before and session.members is not None:
        return
    told = statement.told(values) != statement.told(before)
    settle(session, values)
    if session.started_at is not None and session.max_seconds is not None:
        session.ends_at = session.started_at + timedelta(seconds=session.max_seconds)
    db.add(session)
    if not told:
        return
    if not await repository.participants(db, session.id):
        details.sign_statement(context, session, organization, operator)
        return
    _tell(db, context, session, context.clock.now())


def _tell(db: AsyncSession, context: Context, session: Session, now: datetime) -> None:
    """Send it to everybody who is in the session, and to the session's events."""
    session.policy_version += 1
    token = token_of(context, session)
    assert token is not None
    relays.command_policy(db, session, token, now)
    record(
        db,
        context,
        session,
        "session.narrowed",
        now,
        features=session.features,
        max_session_seconds=session.max_seconds,
    )


def _refuse(refusals: list[Refusal], mode: Mode) -> None:
    """Raise for what stands against it; a mode that is not allowed has a problem of its own."""
    if not refusals:
        return
    reasons = [{"member": one.member, "sentence": one.sentence} for one in refusals]
    if any(one.member == "modes" for one in refusals):
        text = f"This operator may not use the mode {mode}; ask an administrator."
        raise ModeNotAllowed(text, mode=str(mode), refused_because=reasons)
    raise PolicyRefused(" ".join(one.sentence for one in refusals), refused_because=reasons)
