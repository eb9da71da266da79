"""What leaves first, and that nothing waits for a connection that is not there."""

from agent.outbox import CATCHUP_SHARE, Outbox
from wire.header import FRAME_ROOM, join_frame, split_frame

MESSAGE = bytes(24)


def message(n: int) -> bytes:
    return bytes(23) + bytes([n])


def part(n: int) -> bytearray:
    """A picture's part, as the stream seals it."""
    return bytearray(FRAME_ROOM) + join_frame([message(n)])


def sent(outbox: Outbox) -> list[object]:
    """Everything in order: a str for a text, the last byte of each message."""
    order: list[object] = []
    while (frame := outbox.next()) is not None:
        order += [frame] if isinstance(frame, str) else [m[23] for m in split_frame(frame)]
    return order


def test_texts_then_ordered_then_latest_then_pictures() -> None:
    outbox = Outbox()
    outbox.open()
    outbox.live(part(5))
    outbox.latest("a", message(3))
    outbox.ordered(message(1), message(2))
    outbox.text({"type": "admit"})
    outbox.latest("b", message(4))
    assert sent(outbox) == ['{"type":"admit"}', 1, 2, 3, 4, 5]


def test_a_newer_latest_takes_the_place_of_the_older() -> None:
    outbox = Outbox()
    outbox.open()
    for n, key in ((1, "a"), (2, "b"), (3, "a")):
        outbox.latest(key, message(n))
    assert sent(outbox) == [3, 2]


def test_a_catchup_begins_at_once_and_then_takes_its_share() -> None:
    outbox = Outbox()
    outbox.open()
    for n in range(100, 112):
        outbox.live(part(n))
    outbox.catchup([part(n) for n in range(3)])
    order = sent(outbox)
    assert order[0] == 0, "its first part goes before any live part"
    places = [order.index(n) for n in (1, 2)]
    assert all(later - earlier >= CATCHUP_SHARE - 1 for earlier, later in zip([0, *places], places, strict=False))


def test_nothing_is_kept_without_a_connection() -> None:
    outbox = Outbox()
    outbox.text({"type": "admit"})
    outbox.ordered(MESSAGE)
    outbox.latest("a", MESSAGE)
    outbox.catchup([part(1)])
    outbox.live(part(2))
    assert sent(outbox) == []
    outbox.open()
    outbox.ordered(MESSAGE)
    outbox.close()
    outbox.open()
    assert sent(outbox) == []


def test_the_same_text_waits_once() -> None:
    outbox = Outbox()
    outbox.open()
    for _ in range(1000):
        outbox.text({"type": "admit", "sender": 2})
    assert len(sent(outbox)) == 1
