"""A participant's place in a session: what `POST /v1/join` and `POST /v1/sessions/{id}/ticket` answer, checked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from agent.api_client import ApiClient, ApiError, Json, ServerUnreachableError
from agent.link import RelayAddress
from wire import tokens
from wire.errors import WireError
from wire.keys import sha256
from wire.limits import RENEW_SECONDS
from wire.messages import relay as texts
from wire.policy import idle_seconds_of
from wire.statement import Demands, demands_in, role_of

RETRY_SECONDS: Final = 10.0


Side = Literal["operator", "customer"]
Role = Literal["host", "viewer"]


class SeatError(Exception):
    """The server's answer does not hold together; do not go on."""


@dataclass
class Seat:
    """One participant: its ids, tickets, relays, and the session statement both sides were given."""

    session: str
    sender: int
    role: str
    side: str
    statement: dict[str, Any]
    statement_hash: bytes
    first_ticket_id: str
    ticket: str
    resume_ticket: str
    relays: list[RelayAddress]
    mode: str
    issuer: str
    """The server that signed the statement; nobody else may introduce anybody."""
    keys: dict[str, tokens.Jwk]
    """The server's public keys when this side joined: they hold for the whole session."""
    demands: Demands
    introduction: str = ""
    """The server's word for this operator, where the statement names another."""
    idle_seconds: int | None = None
    """The longest time without anything being done."""
    policy: str = ""
    """The newest `policy` token the server's answers had; empty while nothing was narrowed."""
    limit_seconds: int | None = None
    """The longest that the session may be, counted from the acceptance: as signed for both sides, or less by the ticket."""
    ended: tuple[str, str] | None = None
    """`(by, reason)` once the server says that the session is over."""

    @classmethod
    async def take(cls, api: ApiClient, answer: Json, side: Side, role: Role) -> Seat:
        """Check an answer: the statement is signed by this server, and gives to `side` the `role` that it is about to play.
        Raises `SeatError`."""
        jwks = await api.get("/.well-known/jwks.json")
        try:
            keys = {str(key["kid"]): key for key in jwks["keys"]}
            claimed = tokens.unverified_claims(answer["statement"])
            statement = tokens.verify(
                answer["statement"], keys, "statement+jwt", str(claimed.get("iss")), "session", time.time()
            )
            payload = tokens.payload_bytes(answer["statement"])
            participant = answer["participant"]
            seat = cls(
                session=str(answer["session_id"]),
                sender=int(participant["sender"]),
                role=str(participant["role"]),
                side=str(participant["side"]),
                statement=statement,
                statement_hash=sha256(payload),
                first_ticket_id=str(tokens.unverified_claims(answer["ticket"])["first"]),
                ticket=str(answer["ticket"]),
                resume_ticket=str(answer["resume_ticket"]),
                relays=[RelayAddress(str(relay["id"]), str(relay["url"])) for relay in answer["relays"]],
                mode=str(statement["mode"]),
                issuer=str(statement["iss"]),
                keys=keys,
                demands=demands_in(statement),
                introduction=str(answer.get("introduction") or ""),
                idle_seconds=idle_seconds_of(statement),
                policy=str(answer.get("policy") or ""),
                limit_seconds=_smallest(
                    statement.get("limits"), tokens.unverified_claims(answer["ticket"]).get("limits")
                ),
            )
        except (WireError, KeyError, TypeError, ValueError, json.JSONDecodeError) as error:
            raise SeatError(f"the server's answer cannot be trusted ({error}); do not go on") from error
        if statement["sub"] != seat.session or not 0 < seat.sender < 1 << 16:
            raise SeatError("the server's answer does not hold together; do not go on")
        as_signed = side, role_of(side, seat.mode), seat.mode
        if as_signed != (seat.side, role, answer.get("mode")) or seat.role != role:
            raise SeatError("the server asks for one thing and signs another; do not go on")
        if not seat.relays:
            raise SeatError("the server has no relay for this session; ask its administrator")
        return seat

    def keep_as(self) -> Json:
        """As JSON, for a file of this machine: all that a restarted process needs to take this seat again."""
        return asdict(self) | {"statement_hash": self.statement_hash.hex(), "ticket": "", "ended": None}

    @classmethod
    def from_kept(cls, kept: Json) -> Seat:
        """The seat that an earlier process left; it goes on with the resume ticket. Raises `SeatError`."""
        try:
            return cls(
                **kept
                | {
                    "statement_hash": bytes.fromhex(kept["statement_hash"]),
                    "ticket": kept["resume_ticket"],
                    "relays": [RelayAddress(**relay) for relay in kept["relays"]],
                    "demands": Demands(**kept["demands"]),
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            raise SeatError("what was kept of the session cannot be read; ask for a new code") from error

    async def keep(self, api: ApiClient) -> None:
        """Renew the resume ticket for as long as the session lives; returns when the server says it has ended."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            while not await self.renew(api):  # noqa: ASYNC110 - it is the server that is waited for
                await asyncio.sleep(RETRY_SECONDS)
            if self.ended is not None:
                return

    async def renew(self, api: ApiClient) -> bool:
        """Get the next resume ticket; False when the server cannot be asked now. Sets `ended` when it is over."""
        try:
            answer = await api.post("/v1/resume", bearer=self.resume_ticket)
        except ServerUnreachableError:
            return False
        except ApiError as error:
            if error.status != 410:
                return False
            told = {"by": error.body.get("ended_by"), "reason": error.body.get("reason")}
            self.ended = texts.by_of(told, "system"), texts.reason_of(told)
            return True
        with contextlib.suppress(KeyError):
            self.resume_ticket = str(answer["resume_ticket"])
            self.policy = str(answer.get("policy") or self.policy)
        return True


def _smallest(*limits: object) -> int | None:
    """The smallest `seconds` that any of them names; TypeError for what is no limit."""
    named = [limit.get("seconds") for limit in limits if isinstance(limit, dict)]
    seconds = [value for value in named if value is not None]
    if not all(isinstance(value, int) and value > 0 for value in seconds):
        raise TypeError("a session limit is a number of seconds")
    return min(seconds, default=None)
