"""Tickets, checked offline: the api's public keys are all this relay has (it can make no ticket and open no message)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from relay.limits import TICKETS_REMEMBERED
from relay.permissions import Role
from relay.refusals import Refused
from wire import tokens
from wire.tokens import Claims, Jwk, TokenError, TokenExpired, TokenKeyUnknown, TokenTypeWrong


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket says about its bearer."""

    session: str
    sender: int
    participant: str
    role: Role
    side: str
    mode: str
    origin: str | None
    limit_seconds: float | None
    limit_bytes_per_second: int | None
    jti: str
    expires: float
    counter: int | None
    """Of a resume ticket; None for a first one, which is used once."""
    relays: tuple[dict[str, str], ...] = ()
    """The session's ordered relay list, handed on in `welcome`."""
    features: frozenset[str] = frozenset()
    """What the participant may have beside the screen."""


def read(claims: Claims, counter: int | None) -> Ticket:
    """The claims as a Ticket; `Refused` when the api wrote something this relay does not understand."""
    try:
        limits = claims.get("limits") or {}
        return Ticket(
            session=_text(claims["sid"]),
            sender=_sender(claims["snd"]),
            participant=_text(claims["sub"]),
            role=Role(claims["role"]),
            side=_side(claims["side"]),
            mode=_text(claims["mode"]),
            origin=_text(claims["origin"]) if claims.get("origin") is not None else None,
            limit_seconds=_positive(limits.get("seconds")),
            limit_bytes_per_second=_positive(limits.get("bytes_per_second")),
            jti=_text(claims["jti"]),
            expires=float(claims["exp"]),
            counter=counter,
            relays=tuple(
                {"id": _text(relay["id"]), "url": _text(relay["url"])} for relay in claims.get("relays") or []
            ),
            features=frozenset(_text(feature) for feature in claims.get("features") or []),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Refused.ticket("ticket-claims", "The ticket lacks what a relay needs; ask for a new one.") from None


class TicketDesk:
    """Believes tickets of one issuer that name this relay, each first ticket once. Times are Unix seconds."""

    def __init__(self) -> None:
        self.relay_id = ""
        self.issuer = ""
        self.wants_keys = False
        """A ticket named a key that is not known: the key set should be fetched again."""
        self._keys: Mapping[str, Jwk] = {}
        self._used: dict[str, float] = {}
        self._counters: dict[tuple[str, str], tuple[int, float]] = {}

    @property
    def ready(self) -> bool:
        """Whether the api has told who this relay is and which keys are good."""
        return bool(self.relay_id and self.issuer and self._keys)

    def learn(self, relay_id: str, issuer: str, jwks: Mapping[str, Any]) -> None:
        """Take over what the api said at registration. Raises ValueError for a key set with a private member."""
        self._keys = public_keys(jwks)
        self.relay_id, self.issuer = relay_id, issuer
        self.wants_keys = False

    def check(self, token: str, wall: float) -> Ticket:
        """The ticket a token stands for, not used up yet; `Refused` when it is not to be believed."""
        if not self.ready:
            raise Refused.not_ready()
        try:
            return self._check_first(token, wall)
        except TokenTypeWrong:
            pass
        except TokenError as error:
            raise self._refusal(error) from None
        try:
            return self._check_resume(token, wall)
        except TokenError as error:
            raise self._refusal(error) from None

    def use(self, ticket: Ticket, wall: float) -> None:
        """The connection stands: burn a first ticket, remember the counter of a resume ticket."""
        if ticket.counter is None:
            self._used[ticket.jti] = ticket.expires
        else:
            self._counters[ticket.session, ticket.participant] = (ticket.counter, ticket.expires)
        if len(self._used) > TICKETS_REMEMBERED:
            self.prune(wall)

    def prune(self, wall: float) -> None:
        """Forget what has expired."""
        self._used = {jti: until for jti, until in self._used.items() if until > wall}
        self._counters = {key: kept for key, kept in self._counters.items() if kept[1] > wall}

    def _check_first(self, token: str, wall: float) -> Ticket:
        claims = self._verify(token, tokens.TICKET, wall)
        if claims["aud"] not in (self.relay_id, [self.relay_id]):
            raise Refused.ticket("ticket-claims", "The ticket names several relays; it could be used more than once.")
        ticket = read(claims, None)
        if ticket.jti in self._used:
            raise Refused.ticket("ticket-used", "This ticket was used already; ask for a new one.")
        if len(self._used) >= TICKETS_REMEMBERED:
            raise Refused.full("too many tickets at once; try again in a minute")
        return ticket

    def _check_resume(self, token: str, wall: float) -> Ticket:
        claims = self._verify(token, tokens.RESUME, wall)
        counter = claims.get("cnt")
        if not isinstance(counter, int) or isinstance(counter, bool):
            raise Refused.ticket("ticket-claims", "The resume ticket has no counter; ask for a new one.")
        ticket = read(claims, counter)
        newest, _ = self._counters.get((ticket.session, ticket.participant), (0, 0.0))
        if counter < newest:
            raise Refused.ticket("ticket-old", "A newer resume ticket was used already; use that.")
        return ticket

    def _verify(self, token: str, typ: str, wall: float) -> Claims:
        return tokens.verify(token, self._keys, typ, self.issuer, self.relay_id, wall)

    def _refusal(self, error: TokenError) -> Refused:
        if isinstance(error, TokenKeyUnknown):
            self.wants_keys = True
        if isinstance(error, TokenExpired):
            return Refused.ticket("ticket-expired", "The ticket has expired; ask for a new one.")
        return Refused.ticket(error.slug.replace("token", "ticket"), "The ticket is not valid on this relay.")


def public_keys(jwks: Mapping[str, Any]) -> dict[str, Jwk]:
    """The keys of a JWK set by `kid`; ValueError when it is not one or has a private or symmetric member in it."""
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not keys:
        raise ValueError("the api sent no keys")
    found: dict[str, Jwk] = {}
    for key in keys:
        if not isinstance(key, dict) or not isinstance(key.get("kid"), str):
            raise ValueError("the api sent a key without a name")  # noqa: TRY004 - wrong data, not a wrong type
        if "d" in key or "k" in key:
            raise ValueError("the api sent a private key; a relay must only ever have public ones")
        found[key["kid"]] = key
    return found


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("not a text")
    return value


def _side(value: object) -> str:
    if value not in {"operator", "customer"}:
        raise ValueError("not a side")
    return str(value)


def _sender(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 16:
        raise ValueError("not a sender id")
    return value


def _positive(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError("not a limit")
    return value
