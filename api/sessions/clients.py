"""From where and with what each participant of a session was there: kept for the history, sealed, and never asked again.

Of the customer's side nothing is kept where the policy says that device identifiers are not stored (P8), and of the
operator's side only the address: whoever helps answers for what was done from there.
"""

import json
from dataclasses import dataclass

from api.context import Context
from api.kit.asking import Asking, asking
from api.kit.sealing import KeyDestroyed, Sealer
from api.sessions.models import Participant, Session
from api.sessions.modes import Side

PURPOSE = "participant client"
KEPT = 8
"""Different addresses, and programs, of one participant: who wanders through more keeps the first ones."""


@dataclass(frozen=True, slots=True)
class Client:
    """Where a participant's requests came from, and what its agents or browsers called themselves; the first one first."""

    addresses: list[str]
    user_agents: list[str]


NOTHING = Client([], [])


def note(context: Context, session: Session, participant: Participant) -> None:
    """Keep what is new about the request that is being served, which is the participant's own."""
    where = asking()
    if session.forgotten and participant.side == Side.CUSTOMER:
        return
    if (session.members or {}).get("store_device_identifiers") is False:
        if participant.side == Side.CUSTOMER:
            participant.client_sealed = None
            return
        where = Asking(where.address)
    sealer = _sealer(context, session, participant)
    before = opened(sealer, participant.id, participant.client_sealed)
    now = Client(_with(before.addresses, where.address), _with(before.user_agents, where.user_agent))
    if now == before:
        return
    plain = json.dumps({"addresses": now.addresses, "user_agents": now.user_agents}, ensure_ascii=False)
    participant.client_sealed = sealer.seal(PURPOSE, participant.id, plain.encode())


def opened(sealer: Sealer, participant_id: str, sealed: bytes | None) -> Client:
    """What is kept; nothing where nothing was, or where the customer was forgotten."""
    if sealed is None:
        return NOTHING
    try:
        return Client(**json.loads(sealer.open(PURPOSE, participant_id, sealed)))
    except KeyDestroyed:
        return NOTHING


def _sealer(context: Context, session: Session, participant: Participant) -> Sealer:
    """What is about the customer goes with the customer."""
    if participant.side == Side.CUSTOMER:
        return context.keyring.customer(session)
    return context.keyring.organization(session.organization_id)


def _with(known: list[str], new: str | None) -> list[str]:
    return known if new is None or new in known or len(known) >= KEPT else [*known, new]
