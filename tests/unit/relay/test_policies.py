"""What was narrowed while a session runs: read from the api's token, the newest kept, held by the room."""

import pytest

from relay.allowance import Allowance
from relay.counters import Counters
from relay.limits import POLICIES, TOMBSTONE_SECONDS
from relay.permissions import Drop, Role, check, withheld
from relay.policies import Policies, Policy, read
from relay.registry import Registry
from relay.room import Room
from tests.unit.relay.build import EVERYTHING, host, raw, viewer
from wire import tokens
from wire.header import Delivery, Stream, header, join_frame
from wire.tokens import SigningKey, TokenError

KEY = SigningKey.generate()


def policy(version: int = 1, session: str = "ses_1", features: frozenset[str] = frozenset(), **limits: int) -> Policy:
    return Policy(session, version, f"token {version}", features, limits.get("seconds"), limits.get("bytes_per_second"))


def token(**changes: object) -> str:
    claims = {
        "iss": "x",
        "aud": "ses_1",
        "sub": "ses_1",
        "jti": "j",
        "iat": 1,
        "exp": 2,
        "ver": 3,
        "features": ["chat"],
    }
    limits = {"seconds": 60, "bytes_per_second": None}
    return tokens.sign(KEY, tokens.POLICY, {**claims, "limits": limits, **changes})


def test_a_token_is_read() -> None:
    given = token()
    assert read("ses_1", given) == Policy("ses_1", 3, given, frozenset({"chat"}), 60, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "ses_2"}, {"aud": "ses_2"}, {"features": None}, {"limits": []}, {"ver": -1}, {"ver": True},
        {"limits": {"seconds": "60"}}, {"limits": {"bytes_per_second": 0}},
    ],
)  # fmt: skip
def test_a_tampered_token_is_not_taken(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="policy"):
        read("ses_1", token(**changes))


def test_what_is_no_token_is_refused() -> None:
    with pytest.raises(TokenError):
        read("ses_1", "three.small.words")


def test_an_older_one_never_undoes_a_newer() -> None:
    kept = Policies()
    assert kept.put(policy(2), 0.0)
    assert not kept.put(policy(1), 1.0)
    assert not kept.put(policy(2), 1.0)
    assert kept.find("ses_1") == policy(2)
    kept.prune(TOMBSTONE_SECONDS + 1)
    assert len(kept) == 0


def test_the_oldest_goes_when_there_are_too_many() -> None:
    kept = Policies()
    for number in range(POLICIES + 1):
        kept.put(policy(session=f"ses_{number}"), 0.0)
    assert len(kept) == POLICIES
    assert kept.find("ses_0") is None
    assert kept.find(f"ses_{POLICIES}") is not None


@pytest.mark.parametrize(
    ("role", "side", "mode", "features", "not_for"),
    [
        ("host", "customer", "control", EVERYTHING, set()),
        ("host", "customer", "control", frozenset(), {Stream.CHAT, Stream.FILE, Stream.CLIPBOARD, Stream.AUDIO}),
        ("viewer", "operator", "control", {"clipboard_to_customer"}, {Stream.CHAT, Stream.FILE, Stream.AUDIO}),
        ("host", "customer", "control", {"clipboard_to_customer"},
         {Stream.CHAT, Stream.FILE, Stream.CLIPBOARD, Stream.AUDIO}),
        ("host", "customer", "control", {"file_to_customer", "chat"}, {Stream.CLIPBOARD, Stream.AUDIO}),
        ("viewer", "operator", "view", EVERYTHING, {Stream.INPUT}),
        ("viewer", "customer", "present", EVERYTHING, {Stream.INPUT}),
        ("viewer", "customer", "share", EVERYTHING, set()),
        ("viewer", "operator", "manage", EVERYTHING, set()),
    ],
)  # fmt: skip
def test_streams_that_the_ticket_is_not_for(
    role: str, side: str, mode: str, features: set[str], not_for: set[Stream]
) -> None:
    assert withheld(Role(role), side, mode, frozenset(features)) == not_for


def test_what_is_withheld_is_dropped_as_such() -> None:
    fields = header(Delivery.ORDERED, Stream.CHAT, 2, 1)
    assert check(fields, 2, Role.VIEWER, 1) is None
    assert check(fields, 2, Role.VIEWER, 1, frozenset({Stream.CHAT})) is Drop.FEATURE


def test_a_room_drops_and_counts_what_was_taken_away_from_then_on() -> None:
    count = Counters()
    room = Room("ses_1", count)
    customer, operator = host(), viewer(2)
    room.join(customer, 0.0)
    room.join(operator, 0.0)
    chat, clipboard = raw(Delivery.ORDERED, Stream.CHAT, 2, 1), raw(Delivery.ORDERED, Stream.CLIPBOARD, 2, 1)
    room.receive(operator, join_frame([chat, clipboard]), 0.0)
    assert count.dropped == {}
    room.narrow(policy(features=frozenset({"chat", "print"})))
    room.receive(operator, join_frame([chat, clipboard]), 1.0)
    assert count.dropped == {Drop.FEATURE: 1}
    late = viewer(3, features=frozenset({"clipboard_to_customer"}))
    room.join(late, 2.0)
    room.receive(late, join_frame([raw(Delivery.ORDERED, Stream.CLIPBOARD, 3, 1)]), 3.0)
    assert count.dropped == {Drop.FEATURE: 2}, "who joins later is held to it as well"


def test_a_policy_never_gives_what_the_ticket_does_not() -> None:
    room = Room("ses_1", Counters())
    guest = viewer(2, features=frozenset({"chat"}))
    room.join(host(), 0.0)
    room.join(guest, 0.0)
    room.narrow(policy(features=EVERYTHING))
    assert Stream.CLIPBOARD in guest.not_for
    assert Stream.CHAT not in guest.not_for


def test_the_shortest_time_holds() -> None:
    room = Room("ses_1", Counters())
    room.join(viewer(2, limit_seconds=100.0), 0.0)
    room.narrow(policy(1, seconds=200))
    assert room.limit_seconds == 100
    room.narrow(policy(2, seconds=50))
    assert room.limit_seconds == 50


def test_a_registry_hands_it_to_the_room_that_is_there_or_comes() -> None:
    registry = Registry()
    assert registry.narrow(policy(5), 0.0) is None
    assert registry.narrow(policy(4), 0.0) is None
    assert registry.policies.find("ses_1") == policy(5)


def test_bytes_a_second_only_get_fewer() -> None:
    free = Allowance(None, 0.0)
    assert free.spend(1_000_000, 0.0) == 0
    free.narrow(1000, 0.0)
    assert free.spend(1000, 0.0) == 0
    assert free.spend(500, 0.0) == 0.5
    free.narrow(2000, 0.0)
    assert free.spend(0, 0.0) == 0.5, "wider changes nothing"
    free.narrow(None, 0.0)
    free.narrow(100, 0.0)
    assert free.spend(0, 0.0) == 5.0
