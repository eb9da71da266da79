"""Order, replacement and limits of what waits for one participant."""

from relay.limits import LATEST_BYTES, TEXTS
from relay.outbox import Outbox
from tests.unit.relay.build import catchup, group, parsed, raw, screen
from wire.header import Delivery, Stream
from wire.limits import ORDERED_QUEUE_BYTES, ORDERED_QUEUE_SECONDS

ALL = 1 << 30


def latest(slot: int = 0, *, size: int = 10, seq: int = 0, epoch: int = 0, recipient: int = 0) -> bytes:
    return raw(Delivery.LATEST, Stream.CURSOR, 1, recipient, size=size, slot=slot, seq=seq, epoch=epoch)


def ordered(size: int = 10, seq: int = 0) -> bytes:
    return raw(Delivery.ORDERED, Stream.CHAT, 1, 2, size=size, seq=seq)


def framed(*bodies: bytes) -> list[bytes]:
    return [len(body).to_bytes(4, "big") + body for body in bodies]


def test_the_order_is_texts_ordered_latest_catchup_live() -> None:
    box = Outbox()
    box.pictures.admit(0.0)
    first, second = catchup(), group(seq=1)
    for message in (first, second, parsed(latest()), parsed(ordered())):
        assert box.put(message, 0.0)
    box.put_text("t")
    texts, messages = box.take(ALL, 0.0)
    assert texts == ["t"]
    assert messages == [*framed(ordered(), latest()), first.raw, second.raw]
    assert (len(box), box.size, box.sendable) == (0, 0, False)


def test_ordered_keeps_its_order() -> None:
    box = Outbox()
    bodies = [ordered(seq=seq) for seq in range(20)]
    for body in bodies:
        box.put(parsed(body), 0.0)
    assert box.take(ALL, 0.0).messages == framed(*bodies)


def test_a_newer_latest_takes_the_place_of_the_older() -> None:
    box = Outbox()
    for body in (latest(1, seq=1), latest(2, seq=2), latest(1, seq=3)):
        box.put(parsed(body), 0.0)
    assert box.take(ALL, 0.0).messages == framed(latest(1, seq=3), latest(2, seq=2))
    assert box.replaced == 1


def test_latest_for_others_is_another_slot() -> None:
    box = Outbox()
    box.put(parsed(latest(recipient=2)), 0.0)
    box.put(parsed(latest(recipient=0)), 0.0)
    assert len(box) == 2


def test_a_new_epoch_drops_what_no_key_opens_any_more() -> None:
    box = Outbox()
    for body in (latest(1, epoch=1), latest(2, epoch=2), latest(3, epoch=1, recipient=2)):
        box.put(parsed(body), 0.0)
    box.drop_epochs_before(2)
    assert box.take(ALL, 0.0).messages == framed(latest(2, epoch=2), latest(3, epoch=1, recipient=2))
    assert box.size == 0


def test_take_stops_at_the_budget_and_gives_at_least_one() -> None:
    box = Outbox()
    for seq in range(4):
        box.put(parsed(ordered(1000, seq)), 0.0)
    assert len(box.take(1, 0.0).messages) == 1
    assert len(box.take(1100, 0.0).messages) == 2
    assert len(box.take(ALL, 0.0).messages) == 1


def test_latest_is_bounded_in_bytes() -> None:
    box = Outbox()
    taken = [box.put(parsed(latest(slot, size=60_000)), 0.0) for slot in range(200)]
    assert not all(taken)
    assert box.latest_bytes <= LATEST_BYTES
    assert box.put(parsed(latest(0, size=50_000)), 0.0), "replacing within the limit still works"


def test_slow_by_ordered_bytes() -> None:
    box = Outbox()
    while box.ordered_bytes <= ORDERED_QUEUE_BYTES:
        assert not box.too_slow(0.0)
        box.put(parsed(ordered(60_000)), 0.0)
    assert box.too_slow(0.0)


def test_slow_by_ordered_age() -> None:
    box = Outbox()
    box.put(parsed(ordered(), now=1.0), 1.0)
    assert not box.too_slow(1.0 + ORDERED_QUEUE_SECONDS)
    assert box.too_slow(1.1 + ORDERED_QUEUE_SECONDS)


def test_slow_by_texts() -> None:
    box = Outbox()
    for _ in range(TEXTS + 1):
        box.put_text("x")
    assert box.too_slow(0.0)


def test_frames_go_by_the_picture_table() -> None:
    assert not Outbox().put(screen(), 0.0)
