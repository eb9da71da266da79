"""Tickets are believed once, in time, for this relay; and with public keys alone."""

from pathlib import Path
from typing import Any

import pytest

import relay
from relay.permissions import Role
from relay.refusals import Refused
from relay.tickets import Ticket, TicketDesk, public_keys
from wire import tokens
from wire.tokens import SigningKey

KEY = SigningKey.generate()
JWKS = {"keys": [KEY.public_jwk]}
ISSUER = "http://localhost:8080"
NOW = 1_000_000
RELAYS = ({"id": "rel_1", "url": "wss://a"},)


def make(typ: str = tokens.TICKET, key: SigningKey = KEY, **changes: Any) -> str:
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": "rel_1",
        "sub": "par_1",
        "iat": NOW,
        "exp": NOW + 60,
        "jti": "jti_1",
        "sid": "ses_1",
        "snd": 2,
        "side": "operator",
        "role": "viewer",
        "mode": "control",
        "limits": {"seconds": 3600, "bytes_per_second": 1000},
        "relays": [{"id": "rel_1", "url": "wss://a"}],
        **changes,
    }
    return tokens.sign(key, typ, {name: value for name, value in claims.items() if value is not None})


def resume(counter: object, **changes: Any) -> str:
    return make(tokens.RESUME, cnt=counter, aud=["rel_1", "rel_2"], exp=NOW + 900, **changes)


@pytest.fixture
def desk() -> TicketDesk:
    desk = TicketDesk()
    desk.learn("rel_1", ISSUER, JWKS)
    return desk


def refusal(desk: TicketDesk, token: str, now: float = NOW) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        desk.check(token, now)
    return int(refused.value.status), refused.value.slug


def test_a_good_ticket_says_who_comes(desk: TicketDesk) -> None:
    assert desk.check(make(origin="https://a.example"), NOW) == Ticket(
        "ses_1",
        2,
        "par_1",
        Role.VIEWER,
        "operator",
        "control",
        "https://a.example",
        3600,
        1000,
        "jti_1",
        NOW + 60,
        None,
        RELAYS,
    )


def test_replayed_ticket_is_refused(desk: TicketDesk) -> None:
    desk.use(desk.check(make(), NOW), NOW)
    assert refusal(desk, make()) == (401, "ticket-used")


def test_a_ticket_that_was_only_shown_is_not_burnt(desk: TicketDesk) -> None:
    desk.check(make(), NOW)
    desk.check(make(), NOW)


@pytest.mark.parametrize(
    ("token", "slug"),
    [
        (make(exp=NOW + 1, iat=NOW - 100), "ticket-expired"),
        (make(aud="rel_2"), "ticket-audience"),
        (make(iss="http://evil.example"), "ticket-issuer"),
        (make(key=SigningKey.generate()), "ticket-key"),
        (make(tokens.ACCESS), "ticket-type"),
        (make(tokens.STATEMENT), "ticket-type"),
        (make()[:-8] + "AAAAAAAA", "ticket-forged"),
        (make(snd=0), "ticket-claims"),
        (make(snd=65_536), "ticket-claims"),
        (make(snd=True), "ticket-claims"),
        (make(sid=None), "ticket-claims"),
        (make(role="king"), "ticket-claims"),
        (make(side="nobody"), "ticket-claims"),
        (make(origin=""), "ticket-claims"),
        (make(limits={"seconds": -1}), "ticket-claims"),
        (make(limits=[1]), "ticket-claims"),
        (make(relays=[{"id": "rel_1"}]), "ticket-claims"),
        (make(aud=["rel_1", "rel_2"]), "ticket-claims"),
        ("", "ticket-malformed"),
        ("a.b.c", "ticket-malformed"),
        ("a" * 9000, "ticket-malformed"),
    ],
)
def test_evil_tickets_are_refused(desk: TicketDesk, token: str, slug: str) -> None:
    assert refusal(desk, token, NOW + 1) == (401, slug)


def test_an_unknown_key_asks_for_the_keys_again(desk: TicketDesk) -> None:
    refusal(desk, make(key=SigningKey.generate()))
    assert desk.wants_keys
    desk.learn("rel_1", ISSUER, JWKS)
    assert not desk.wants_keys


def test_resume_tickets_may_be_used_again_but_never_an_older_one(desk: TicketDesk) -> None:
    for counter in (3, 3, 4):
        desk.use(desk.check(resume(counter), NOW), NOW)
    assert refusal(desk, resume(3)) == (401, "ticket-old")
    assert desk.check(resume(1, sub="par_2"), NOW).counter == 1, "counted per participant"


@pytest.mark.parametrize("counter", [None, "1", True])
def test_resume_tickets_need_a_counter(desk: TicketDesk, counter: object) -> None:
    assert refusal(desk, resume(counter)) == (401, "ticket-claims")


def test_expired_resume_ticket_is_refused(desk: TicketDesk) -> None:
    assert refusal(desk, resume(1), NOW + 900) == (401, "ticket-expired")


def test_used_tickets_are_forgotten_when_they_could_not_be_used_any_more(desk: TicketDesk) -> None:
    desk.use(desk.check(make(), NOW), NOW)
    desk.prune(NOW + 59)
    assert refusal(desk, make()) == (401, "ticket-used")
    desk.prune(NOW + 61)
    assert refusal(desk, make(), NOW + 61) == (401, "ticket-expired")


def test_a_relay_without_keys_is_not_ready() -> None:
    assert refusal(TicketDesk(), make()) == (503, "relay-not-ready")


@pytest.mark.rule("R23")
def test_a_relay_refuses_private_keys() -> None:
    for member in ("d", "k"):
        with pytest.raises(ValueError, match="private"):
            public_keys({"keys": [{**KEY.public_jwk, member: "x"}]})


@pytest.mark.rule("R23")
def test_no_part_of_the_relay_can_sign_seal_or_open() -> None:
    forbidden = (
        "SigningKey",
        "tokens.sign",
        "wire.seal",
        "wire.keys",
        "wire.handshake",
        "wire.association",
        "cryptography",
        "jose",
    )
    for path in Path(relay.__file__).parent.glob("**/*.py"):
        source = path.read_text().replace("from cryptography import x509\n", "")  # when a certificate ends, it may read
        assert not [word for word in forbidden if word in source], path


@pytest.mark.parametrize("jwks", [{}, {"keys": []}, {"keys": "x"}, {"keys": [1]}, {"keys": [{"kid": 1}]}])
def test_a_key_set_that_is_none_is_refused(jwks: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="key"):
        public_keys(jwks)
