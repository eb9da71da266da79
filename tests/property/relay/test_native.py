"""Messages that a native connection sends straight on arrive as if the room had seen every one of them.

The same story is told to a relay of native connections and to one of their twins: who joins and leaves, who sends what in how
large reads, whose socket is full and when it has room again. Everybody must get the same ORDERED messages and parts of
pictures in the same order and the same newest LATEST, be closed for the same reasons, and everything must be counted the same.
What the classes do not promise may differ: a message straight on is not overtaken by one of a class that goes first, and
not replaced by a newer one of the same read; and who is sent out has what went straight on before that, while what waits in the
room goes with them.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay import door as door_module
from relay.door import Door
from relay.link import Link
from relay.permissions import Role
from relay.server import RelayServer
from relay.tickets import Ticket, TicketDesk
from relay.websocket import BINARY, CLOSE, TEXT
from tests.unit.relay.build import EVERYTHING
from tests.unit.relay.wires import BOTH, FakeTransport, feed, frame
from wire.header import CATCHUP, FIRST, GROUP, LAST, RETAIN, Delivery, Stream, header, join_frame
from wire.messages.relay import encode

HOST, VIEWERS = 1, (2, 3, 4)
FLAGS = [0, RETAIN, FIRST | LAST, GROUP | FIRST, GROUP | FIRST | LAST, LAST, CATCHUP | FIRST, CATCHUP | FIRST | LAST]
PICTURES = st.tuples(st.just(Delivery.FRAME), st.just(Stream.SCREEN), st.sampled_from(FLAGS))
LATEST = st.tuples(
    st.just(Delivery.LATEST), st.sampled_from([Stream.CURSOR, Stream.BEACON, Stream.INPUT]), st.sampled_from(FLAGS[:2])
)
ORDERED = st.tuples(st.just(Delivery.ORDERED), st.sampled_from([Stream.CHAT, Stream.INPUT, Stream.CONTROL]), st.just(0))
ANY = st.tuples(st.sampled_from(list(Delivery)), st.sampled_from(list(Stream)), st.sampled_from(FLAGS))


@st.composite
def messages(draw: st.DrawFn, sender: int) -> bytes:
    """One that is mostly allowed."""
    delivery, stream, flags = draw(st.one_of(PICTURES, LATEST, ORDERED, ORDERED, ANY))
    if sender != HOST:
        recipient = draw(st.sampled_from([HOST, HOST, HOST, 2, 0]))
    elif delivery is Delivery.ORDERED:
        recipient = draw(st.sampled_from(VIEWERS))
    else:
        recipient = draw(st.sampled_from([0, 0, 0, 2]))
    head = header(
        delivery,
        stream,
        draw(st.sampled_from([sender] * 9 + [9])),
        recipient,
        epoch=draw(st.sampled_from([1, 1, 1, 0, 2])),
        slot=draw(st.sampled_from([0, 1, 255, 256])),
        flags=flags,
    )
    return head.pack() + draw(st.binary(min_size=1, max_size=3)) * draw(st.sampled_from([1, 1, 1, 3_000]))


@st.composite
def reads(draw: st.DrawFn, sender: int) -> tuple[str, int, bytes]:
    """What comes of one participant at once: frames of messages, and texts of a host between them."""
    data = b""
    for _ in range(draw(st.integers(1, 3))):
        if sender == HOST and draw(st.booleans()):
            text = draw(st.sampled_from(["admit", "admit", "kick"]))
            data += frame(TEXT, encode({"type": text, "sender": draw(st.sampled_from(VIEWERS))}).encode())
        data += frame(BINARY, join_frame(draw(st.lists(messages(sender), min_size=1, max_size=4))))
    if draw(st.sampled_from([False] * 15 + [True])):
        data += frame(BINARY, b"nonsense")
    return "read", sender, data


STEPS = st.one_of(
    *(reads(sender) for sender in (HOST, HOST, HOST, *VIEWERS)),
    st.tuples(st.sampled_from(["join", "leave", "full", "room"]), st.sampled_from([HOST, *VIEWERS]), st.just(b"")),
    st.tuples(st.just("tick"), st.just(0), st.just(b"")),
)


class Clock:
    """Stands still but for ticks."""

    def __init__(self) -> None:
        self.at = 100.0


@dataclass
class Got:
    """What a participant was sent."""

    messages: list[bytes] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    closed: list[bytes] = field(default_factory=list)


class World:
    """A relay without sockets."""

    def __init__(self, make: Any) -> None:
        self.make = make
        self.clock = Clock()
        self.told: list[Any] = []
        self.server = RelayServer(TicketDesk(), self.told.append)
        self.server._ticker.cancel()
        self.server.now = lambda: self.clock.at
        self.links: dict[int, Link] = {}
        self.got: dict[int, Got] = {sender: Got() for sender in (HOST, *VIEWERS)}
        self.joined = 0
        self.epoch = 0

    def step(self, what: str, sender: int, data: bytes) -> None:
        if what == "tick":
            self.clock.at += 0.4
            self.server._tick(self.clock.at)
        elif what == "join":
            self._join(sender)
        elif sender in self.links:
            self._do(what, self.links[sender].connection, data)
        self.epoch = max(self.epoch, *(room.epoch for room in self.server.registry.rooms.values()), 0)
        self._collect()

    def _join(self, sender: int) -> None:
        if sender in self.links:
            return
        self.joined += 1
        role = Role.HOST if sender == HOST else Role.VIEWER
        side = "customer" if sender == HOST else "operator"
        ticket = Ticket(
            "ses_1",
            sender,
            "par",
            role,
            side,
            "control",
            None,
            None,
            None,
            f"jti{self.joined}",
            1e12,
            None,
            (),
            EVERYTHING,
        )
        door = Door(self.server)
        door.connection.connection_made(FakeTransport())
        door._stop_timer()
        link = Link(self.server, door, ticket)
        door.connection.upgrade(link)
        link.begin()
        self.links[sender] = link

    def _do(self, what: str, connection: Any, data: bytes) -> None:
        if what == "read":
            feed(connection, data)
        elif what == "full":
            connection.pause_writing()
        elif what == "room":
            connection.resume_writing()
        else:
            connection.connection_lost(None)

    def _collect(self) -> None:
        for sender, link in list(self.links.items()):
            got = self.got[sender]
            for kind, payload in link.connection.transport.frames():
                if kind == BINARY:
                    got.messages += split(payload)
                elif kind == TEXT:
                    got.texts.append(payload)
                elif kind == CLOSE:
                    got.closed.append(payload)
            if link.closing:
                if link._cut:
                    link._cut.cancel()
                del self.links[sender]
                link.connection.connection_lost(None)


def split(payload: bytes) -> Iterator[bytes]:
    while payload:
        size = 4 + int.from_bytes(payload[:4], "big")
        yield payload[:size]
        payload = payload[size:]


@contextmanager
def connections(make: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(door_module, "Connection", make)
        yield


async def tell(make: Any, steps: list[tuple[str, int, bytes]]) -> World:
    with connections(make):
        world = World(make)
        for sender in (HOST, 2):
            world.step("join", sender, b"")
        for step in steps:
            world.step(*step)
        for link in world.links.values():
            link.connection.resume_writing()
        world._collect()
    world.server.settle()
    return world


def of_class(got: Got, delivery: Delivery) -> list[bytes]:
    return [message for message in got.messages if message[5] & 3 == delivery]


def newest(got: Got) -> dict[bytes, bytes]:
    """By stream, sender, recipient and slot."""
    return {message[6:12] + message[16:20]: message for message in of_class(got, Delivery.LATEST)}


def is_over(world: World, message: bytes) -> bool:
    """Of an epoch after which another began: gone from queues, but not from where it was sent straight on."""
    return int.from_bytes(message[12:16], "big") < world.epoch


def is_part_of(some: list[bytes], more: list[bytes]) -> bool:
    """In the same order."""
    rest = iter(more)
    return all(message in rest for message in some)


COUNTED = ("bytes_in", "messages_in", "joins", "cuts", "shed", "behind", "dropped", "closed")


@settings(max_examples=100)
@given(steps=st.lists(STEPS, max_size=20))
def test_straight_on_is_as_by_the_room(steps: list[tuple[str, int, bytes]]) -> None:
    native, twin = (asyncio.run(tell(make, steps)) for make in BOTH)
    for sender, got in native.got.items():
        same = twin.got[sender]
        assert (got.texts, got.closed) == (same.texts, same.closed)
        for delivery in (Delivery.ORDERED, Delivery.FRAME):
            mine, theirs = of_class(got, delivery), of_class(same, delivery)
            assert (mine[: len(theirs)] if got.closed else mine) == theirs
        assert newest(same).items() <= newest(got).items()
        assert all(is_over(native, message) for key, message in newest(got).items() if key not in newest(same))
        assert is_part_of(of_class(same, Delivery.LATEST), of_class(got, Delivery.LATEST))
    for name in COUNTED:
        assert getattr(native.server.counters, name) == getattr(twin.server.counters, name), name
    assert [replace(fact, bytes_out=None) for fact in native.told] == [
        replace(fact, bytes_out=None) for fact in twin.told
    ]


def test_most_goes_straight_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The story above would say nothing of a native connection that asks the room about everything."""
    chat = header(Delivery.ORDERED, Stream.CHAT, HOST, 2, epoch=1).pack() + b"hello"
    picture = header(Delivery.FRAME, Stream.SCREEN, HOST, flags=GROUP | FIRST | LAST).pack() + b"pixels"
    catchup = header(Delivery.FRAME, Stream.SCREEN, HOST, flags=CATCHUP | FIRST | LAST).pack() + b"pixels"
    admit = frame(TEXT, encode({"type": "admit", "sender": 2}).encode())
    asked: list[bytes] = []
    monkeypatch.setattr(Link, "on_message", lambda _, message: asked.append(message))
    steps = [
        ("read", HOST, admit),
        ("read", HOST, frame(BINARY, join_frame([chat, chat]))),
    ]
    world = asyncio.run(tell(BOTH[0], steps))
    assert asked == []
    assert [message[4:] for message in world.got[2].messages] == [chat, chat]
    monkeypatch.undo()
    forward = Link.on_message

    def seen(link: Link, message: bytes) -> None:
        asked.append(message[4:])
        forward(link, message)

    monkeypatch.setattr(Link, "on_message", seen)
    pictures = [("read", HOST, frame(BINARY, join_frame([picture])))] * 3
    world = asyncio.run(tell(BOTH[0], [("read", HOST, admit + frame(BINARY, join_frame([catchup]))), *pictures]))
    assert asked == [catchup, picture], "the first group after a catch-up picture is the room's to let through"
    assert len(world.got[2].messages) == 4
