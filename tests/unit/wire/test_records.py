"""The record layer: nonces, replay, order, limits."""

import os

import pytest

from wire import nonces
from wire.association import Pair
from wire.errors import Forged, KeyExhausted, TooLarge
from wire.handshake import Association
from wire.header import FIRST, FRAME_ROOM, GROUP, Delivery, Stream, header, join_frame, unpack
from wire.limits import MAX_CONTENT_BYTES, MAX_FORGERIES
from wire.seal import Opener, Sealer

ASSOCIATION = Association(7, 0, 1, b"h" * 32, b"v" * 32, b"r" * 32, "123456", b"s" * 32, b"t" * 32)
FIELDS = header(Delivery.ORDERED, Stream.CHAT, 1, 2)


def pairs() -> tuple[Pair, Pair]:
    return Pair(ASSOCIATION, 1, 2, host=True), Pair(ASSOCIATION, 2, 1, host=False)


@pytest.mark.rule("R18")
def test_no_nonce_is_used_twice() -> None:
    sealer = Sealer(b"k" * 32, 1, 1)
    seqs = [unpack(sealer.seal(FIELDS, b"x")).seq for _ in range(1000)]
    assert seqs == list(range(1000))
    assert not hasattr(sealer, "reset")


def test_a_frame_is_sealed_in_place_as_a_message_is() -> None:
    """The same bytes, from the same allocator."""
    one, other = Sealer(b"k" * 32, 7, 1), Sealer(b"k" * 32, 7, 1)
    fields = header(Delivery.FRAME, Stream.SCREEN, 1, flags=FIRST | GROUP)
    for size in (0, 1, 16, 70, MAX_CONTENT_BYTES):
        content = os.urandom(size)
        frame = one.seal_frame(fields.kind, Stream.SCREEN, 1, memoryview(content))
        assert bytes(frame[FRAME_ROOM:]) == join_frame([other.seal(fields, content)])
    assert unpack(one.seal(fields, b"x")).seq == 5
    with pytest.raises(TooLarge):
        one.seal_frame(fields.kind, Stream.SCREEN, 1, memoryview(bytes(MAX_CONTENT_BYTES + 1)))


@pytest.mark.rule("R18")
def test_a_worn_key_seals_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nonces, "MAX_KEY_MESSAGES", 3)
    sealer = Sealer(b"k" * 32, 1, 1)
    for _ in range(3):
        sealer.seal(FIELDS, b"x")
    with pytest.raises(KeyExhausted):
        sealer.seal(FIELDS, b"x")


def test_too_much_content_is_refused_before_sealing() -> None:
    sealer = Sealer(b"k" * 32, 1, 1)
    with pytest.raises(TooLarge):
        sealer.seal(FIELDS, bytes(MAX_CONTENT_BYTES + 1))
    assert unpack(sealer.seal(FIELDS, b"")).seq == 0


@pytest.mark.rule("R21")
def test_evil_viewer_can_neither_read_nor_forge_anothers_input() -> None:
    """Viewer 3 with its own association holds no key of viewer 2's."""
    host, two = pairs()
    other = Association(8, 0, 1, os.urandom(32), os.urandom(32), os.urandom(32), "000000", b"s" * 32, b"u" * 32)
    three = Pair(other, 3, 1, host=False)
    message = two.say(Stream.INPUT, b"secret")[0]
    assert Pair(other, 1, 3, host=True).open(unpack(message), message) is None
    forged = bytearray(three.say(Stream.INPUT, b"forged")[0])
    forged[4:6], forged[8:12] = (2).to_bytes(2, "big"), (7).to_bytes(4, "big")
    with pytest.raises(Forged):
        host.open(unpack(bytes(forged)), bytes(forged))


def test_reflection_does_not_open() -> None:
    host, _ = pairs()
    message = bytearray(host.say(Stream.CHAT, b"mine")[0])
    message[4:6], message[6:8] = message[6:8], message[4:6]
    with pytest.raises(Forged):
        host.open(unpack(bytes(message)), bytes(message))


@pytest.mark.rule("R19")
def test_replay_of_ordered_and_of_latest_is_dropped() -> None:
    host, viewer = pairs()
    first, second = viewer.say(Stream.CHAT, b"1")[0], viewer.say(Stream.CHAT, b"2")[0]
    assert host.open(unpack(second), second) is None, "one ahead is dropped"
    got = host.open(unpack(first), first)
    assert got is not None
    assert got.body == b"1"
    assert host.open(unpack(first), first) is None, "a known one is dropped"
    again = host.open(unpack(second), second)
    assert again is not None
    assert again.body == b"2"
    old, new = viewer.latest(Stream.FEEDBACK, b"old"), viewer.latest(Stream.FEEDBACK, b"new")
    newest = host.open(unpack(new), new)
    assert newest is not None
    assert newest.body == b"new"
    assert host.open(unpack(old), old) is None, "stale: an older LATEST is dropped"


def test_forgeries_are_counted_until_it_is_once_too_often() -> None:
    opener = Opener(b"k" * 32, 1, 1)
    message = bytearray(Sealer(b"k" * 32, 1, 1).seal(FIELDS, b"x"))
    message[-1] ^= 1
    for _ in range(MAX_FORGERIES + 1):
        assert not opener.broken
        with pytest.raises(Forged):
            opener.open(unpack(bytes(message)), bytes(message))
    assert opener.broken


def test_unacknowledged_messages_are_sent_again_byte_for_byte() -> None:
    host, viewer = pairs()
    sent = [viewer.say(Stream.CHAT, bytes([n]))[0] for n in range(5)]
    viewer.out.acknowledge({Stream.CHAT: 2})
    assert viewer.out.unacknowledged() == sent[2:]
    for message in sent:
        host.open(unpack(message), message)
    assert host.incoming.generations == {Stream.CHAT: 5}


def test_what_is_on_the_way_is_bounded() -> None:
    _, viewer = pairs()
    left = [viewer.say(Stream.FILE, bytes(60_000)) for _ in range(20)]
    assert sum(map(len, left)) == 5, "256 KiB in flight"
    for _ in range(124):
        viewer.say(Stream.FILE, bytes(60_000))
    with pytest.raises(TooLarge, match="does not take"):
        viewer.say(Stream.FILE, bytes(60_000))
    viewer.out.acknowledge({Stream.FILE: 3})
    assert len(viewer.pump()) == 3
