"""Rooms come and go; sessions end by themselves, by the api, and stay ended."""

from dataclasses import replace

import pytest

from relay.actions import Bury, CloseCode, CloseMember, Fact, Tell
from relay.limits import PARTICIPANTS_PER_ROOM
from relay.permissions import Role
from relay.refusals import Refused
from relay.registry import Registry
from relay.room import Room
from relay.tickets import Ticket
from relay.tombstones import Tombstone, Tombstones

HOST = Ticket("ses_1", 1, "par_1", Role.HOST, "customer", "control", None, None, None, "jti", 0.0, None)
VIEWER = replace(HOST, sender=2, participant="par_2", role=Role.VIEWER, side="operator")


def slug_of(registry: Registry, ticket: Ticket, wall: float = 0.0) -> str | None:
    try:
        registry.check(ticket, wall)
    except Refused as refused:
        return refused.slug
    return None


def admitted(registry: Registry, now: float, **limits: float) -> Room:
    room, _, _ = registry.join(replace(HOST, **limits), now)  # type: ignore[arg-type]
    registry.join(replace(VIEWER, **limits), now)  # type: ignore[arg-type]
    room.receive_text(room.members[1], b'{"type":"admit","sender":2}', now)
    return room


def test_an_empty_room_is_forgotten() -> None:
    registry = Registry()
    room, member, _ = registry.join(HOST, 0.0)
    assert registry.participants == 1
    registry.leave(room, member, 1.0)
    assert registry.rooms == {}


def test_a_replaced_connection_that_goes_later_does_not_empty_the_room() -> None:
    registry = Registry()
    room, first, _ = registry.join(HOST, 0.0)
    registry.join(HOST, 1.0)
    registry.leave(room, first, 2.0)
    assert registry.participants == 1


def test_a_second_host_with_another_id_is_refused() -> None:
    registry = Registry()
    registry.join(HOST, 0.0)
    assert slug_of(registry, replace(HOST, sender=9)) == "host-present"
    assert slug_of(registry, HOST) is None


def test_a_room_has_so_many_participants() -> None:
    registry = Registry()
    for sender in range(2, PARTICIPANTS_PER_ROOM + 2):
        registry.join(replace(VIEWER, sender=sender), 0.0)
    assert slug_of(registry, replace(VIEWER, sender=999)) == "relay-full"
    assert slug_of(registry, VIEWER) is None, "who is here may reconnect"


def test_the_end_by_the_api_closes_and_buries() -> None:
    registry = Registry()
    room = admitted(registry, 0.0)
    members = set(room.members.values())
    actions = registry.end("ses_1", "operator", "ended", 1.0)
    assert Bury("ses_1", None, "operator", "ended") in actions
    assert {a.member for a in actions if isinstance(a, CloseMember) and a.code is CloseCode.ENDED} == members
    assert not [a for a in actions if isinstance(a, Tell) and a.fact is Fact.ENDED], "the api knows"
    assert registry.rooms == {}
    assert registry.end("ses_2", "operator", "ended", 1.0) == [Bury("ses_2", None, "operator", "ended")]


def test_a_session_over_its_longest_time_is_ended_by_the_system() -> None:
    registry = Registry()
    admitted(registry, 10.0, limit_seconds=60.0)
    assert not [a for a in registry.tick(69.9) if isinstance(a, Tell)]
    actions = registry.tick(70.0)
    assert Tell(Fact.ENDED, "ses_1", by="system", reason="time_limit") in actions
    assert Bury("ses_1", None, "system", "time_limit") in actions


def test_waiting_does_not_count_as_session_time() -> None:
    registry = Registry()
    registry.join(replace(HOST, limit_seconds=60.0), 0.0)
    assert registry.tick(1000.0) == []


def test_usage_is_told_for_everybody() -> None:
    registry = Registry()
    admitted(registry, 0.0)
    assert [(tell.sender, tell.seconds) for tell in registry.usage(60.0)] == [(1, 60.0), (2, 60.0)]


@pytest.mark.parametrize(("wall", "slug"), [(0.0, "session-ended"), (99.9, "session-ended"), (100.0, None)])
def test_ghosts_of_ended_sessions_are_refused_until_no_ticket_is_left(wall: float, slug: str | None) -> None:
    registry = Registry()
    registry.tombstones.put_until("ses_1", None, Tombstone("operator", "ended", 100.0))
    assert slug_of(registry, VIEWER, wall) == slug


def test_kicked_participants_stay_out_and_others_do_not() -> None:
    registry = Registry()
    registry.tombstones.put("ses_1", 2, "customer", "kicked", 0.0)
    assert slug_of(registry, VIEWER) == "session-ended"
    assert slug_of(registry, replace(VIEWER, sender=3)) is None


def test_tombstones_are_forgotten() -> None:
    stones = Tombstones()
    stones.put_until("a", None, Tombstone("x", "y", 10.0))
    stones.put_until("b", None, Tombstone("x", "y", 20.0))
    stones.prune(10.0)
    assert len(stones) == 1
