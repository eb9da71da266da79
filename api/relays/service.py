"""Rules of relays: who they are, which of them serve a session, what they are told and what they tell."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.db import wake_after
from api.kit.ids import Kind, new_id
from api.kit.secret import RELAY_PREFIX, digest, new_credential
from api.problems import NoRelay
from api.relays import repository
from api.relays.models import Relay, RelayCommand
from api.relays.schemas import Command, Heartbeat, RelayRegister, RelayRegistered, RelayView, Tombstone
from api.sessions import details
from api.sessions import repository as sessions
from api.sessions.models import Participant, Session
from api.sessions.tickets import RESUME_LIFE

RELAYS_PER_SESSION = 3
MISSED_HEARTBEATS = 3
KEPT = timedelta(hours=24)
COMMAND = "relay command"


async def add(db: AsyncSession, now: datetime, public_url: str) -> tuple[Relay, str]:
    """A relay and its token, shown only now. The token of a relay that is there already is replaced."""
    token = new_credential(RELAY_PREFIX)
    relay = await repository.by_url(db, public_url)
    if relay is None:
        relay = Relay(id=new_id(Kind.RELAY), token_digest="", public_url=public_url, created_at=now)
    relay.token_digest = digest(token)
    db.add(relay)
    return relay, token


async def register(db: AsyncSession, context: Context, relay: Relay, body: RelayRegister) -> RelayRegistered:
    """Take what the relay says of itself; answer what it needs to work without the api."""
    now = context.clock.now()
    relay.public_url, relay.version = body.public_url.rstrip("/"), body.version
    relay.region, relay.capacity = body.region, body.capacity
    relay.registered_at = relay.heartbeat_at = now
    relay.draining = False
    db.add(relay)
    context.relay_origins |= {origin_of(relay.public_url)}
    ended = await sessions.ended_since(db, now - RESUME_LIFE)
    removed = await sessions.removed_since(db, now - RESUME_LIFE)
    return RelayRegistered(
        relay_id=relay.id,
        issuer=context.settings.issuer,
        heartbeat_seconds=context.settings.relay_heartbeat.total_seconds(),
        jwks=context.signer.jwks,
        tombstones=[
            *(_tombstone(context, session) for session in ended if relay.id in session.relay_ids),
            *(_sent_out(participant) for participant, ids in removed if relay.id in ids),
        ],
    )


def heartbeat(db: AsyncSession, relay: Relay, body: Heartbeat, now: datetime) -> None:
    """It lives, and so busy."""
    relay.heartbeat_at = now
    relay.sessions, relay.participants, relay.draining = body.sessions, body.participants, body.draining
    db.add(relay)


async def assign(db: AsyncSession, context: Context, session: Session) -> list[Relay]:
    """The session's ordered relays, a living one first. Both sides get the same list, so it is kept with the session.

    When none of the list lives any more, living ones are added to its end. NoRelay when there is none at all.
    """
    known = await repository.by_ids(db, session.relay_ids)
    since = healthy_since(context)
    if not any(is_healthy(relay, since) for relay in known.values()):
        fresh = await repository.healthy(db, since, RELAYS_PER_SESSION)
        known |= {relay.id: relay for relay in fresh}
        session.relay_ids = [*session.relay_ids, *(relay.id for relay in fresh if relay.id not in session.relay_ids)]
        db.add(session)
    relays = [known[relay_id] for relay_id in session.relay_ids if relay_id in known]
    if not any(is_healthy(relay, since) for relay in relays):
        raise NoRelay("No relay is connected to this server; start one and try again.", retry_after=5)
    return sorted(relays, key=lambda relay: not is_healthy(relay, since))


async def preassign(db: AsyncSession, context: Context) -> list[str]:
    """Ids for a new session; may be empty when no relay lives yet."""
    return [relay.id for relay in await repository.healthy(db, healthy_since(context), RELAYS_PER_SESSION)]


def command_end(db: AsyncSession, context: Context, session: Session, now: datetime) -> None:
    """Tell every relay of the session that it is over."""
    reason = details.reason_of(context, session)
    for relay_id in session.relay_ids:
        db.add(
            RelayCommand(
                relay_id=relay_id,
                type="end",
                session_id=session.id,
                by=session.ended_by,
                reason_sealed=None if reason is None else _sealed(context, session.id, reason),
                created_at=now,
            )
        )
    wake_after(db, [topic(relay_id) for relay_id in session.relay_ids])


def command_kick(db: AsyncSession, context: Context, session: Session, sender: int, reason: str, now: datetime) -> None:
    """Tell every relay of the session to close one participant and to refuse it from now on."""
    for relay_id in session.relay_ids:
        db.add(
            RelayCommand(
                relay_id=relay_id,
                type="kick",
                session_id=session.id,
                sender=sender,
                by="operator",
                reason_sealed=_sealed(context, session.id, reason),
                created_at=now,
            )
        )
    wake_after(db, [topic(relay_id) for relay_id in session.relay_ids])


def command_policy(db: AsyncSession, session: Session, token: str, now: datetime) -> None:
    """Tell every relay of the session what was narrowed; it hands the token to all who are there or come later."""
    for relay_id in session.relay_ids:
        db.add(RelayCommand(relay_id=relay_id, type="policy", session_id=session.id, token=token, created_at=now))
    wake_after(db, [topic(relay_id) for relay_id in session.relay_ids])


def healthy_since(context: Context) -> datetime:
    """A heartbeat after this counts as alive."""
    return context.clock.now() - MISSED_HEARTBEATS * context.settings.relay_heartbeat


def is_healthy(relay: Relay, since: datetime) -> bool:
    """Whether a relay lives and takes sessions."""
    return relay.heartbeat_at is not None and relay.heartbeat_at >= since and not relay.draining


def topic(relay_id: str) -> str:
    """What a relay's long poll waits for."""
    return f"relay {relay_id}"


def origin_of(url: str) -> str:
    """scheme://host:port, as a content security policy wants it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def view(relay: Relay, since: datetime) -> RelayView:
    """What administrators see."""
    members = {name: getattr(relay, name) for name in RelayView.model_fields if name != "healthy"}
    return RelayView(**members, healthy=is_healthy(relay, since))


def origins(relays: Sequence[Relay]) -> frozenset[str]:
    """WebSocket origins of relays."""
    return frozenset(origin_of(relay.public_url) for relay in relays)


def _sent_out(participant: Participant) -> Tombstone:
    assert participant.removed_at is not None
    return Tombstone(
        session_id=participant.session_id,
        sender=participant.sender,
        by="operator",
        reason="removed",
        until=participant.removed_at + RESUME_LIFE,
    )


def _tombstone(context: Context, session: Session) -> Tombstone:
    assert session.ended_at is not None
    return Tombstone(
        session_id=session.id,
        by=session.ended_by or "system",
        reason=details.reason_of(context, session) or "ended",
        until=session.ended_at + RESUME_LIFE,
    )


def command(context: Context, row: RelayCommand) -> Command:
    """What a relay is told."""
    members = {name: getattr(row, name) for name in Command.model_fields if name != "reason"}
    if row.reason_sealed is not None:
        members["reason"] = context.sealer.open(COMMAND, row.session_id or "", row.reason_sealed).decode()
    return Command(**members)


def _sealed(context: Context, session_id: str, reason: str) -> bytes:
    return context.sealer.seal(COMMAND, session_id, reason.encode())
