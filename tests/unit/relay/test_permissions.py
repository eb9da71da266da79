"""Who may send what to whom."""

import pytest

from relay.permissions import Drop, Role, check
from wire.header import HOST_STREAMS, PAIRWISE_STREAMS, STREAM_CLASSES, VIEWER_STREAMS, Delivery, Stream, header

HOST, VIEWER, OTHER = 1, 2, 3


def a_class(stream: Stream) -> Delivery:
    return min(STREAM_CLASSES[stream])


@pytest.mark.parametrize("stream", sorted(VIEWER_STREAMS))
def test_a_viewer_reaches_the_host(stream: Stream) -> None:
    assert check(header(a_class(stream), stream, VIEWER, HOST), VIEWER, Role.VIEWER, HOST) is None


@pytest.mark.parametrize("stream", sorted(HOST_STREAMS - {Stream.RECORDING}))
def test_a_host_sends_pairwise_to_one_and_the_rest_to_all(stream: Stream) -> None:
    recipient, wrong = (VIEWER, 0) if stream in PAIRWISE_STREAMS else (0, VIEWER)
    assert check(header(a_class(stream), stream, HOST, recipient), HOST, Role.HOST, HOST) is None
    assert check(header(a_class(stream), stream, HOST, wrong), HOST, Role.HOST, HOST) is Drop.RECIPIENT


@pytest.mark.parametrize("stream", sorted(HOST_STREAMS - VIEWER_STREAMS))
def test_lying_viewer_cannot_play_the_host(stream: Stream) -> None:
    assert check(header(a_class(stream), stream, VIEWER, HOST), VIEWER, Role.VIEWER, HOST) is Drop.STREAM


def test_a_host_sends_no_input() -> None:
    assert check(header(Delivery.ORDERED, Stream.INPUT, HOST, VIEWER), HOST, Role.HOST, HOST) is Drop.STREAM


@pytest.mark.rule("R21")
@pytest.mark.parametrize("recipient", [0, VIEWER, OTHER, 65_535])
def test_evil_viewer_reaches_nobody_but_the_host(recipient: int) -> None:
    found = check(header(Delivery.ORDERED, Stream.INPUT, VIEWER, recipient), VIEWER, Role.VIEWER, HOST)
    assert found is Drop.RECIPIENT


def test_lying_sender_id_is_dropped() -> None:
    assert check(header(Delivery.ORDERED, Stream.INPUT, OTHER, HOST), VIEWER, Role.VIEWER, HOST) is Drop.SENDER


def test_a_host_does_not_write_to_itself() -> None:
    assert check(header(Delivery.ORDERED, Stream.CHAT, HOST, HOST), HOST, Role.HOST, HOST) is Drop.RECIPIENT


def test_without_a_host_the_message_has_nowhere_to_go() -> None:
    assert check(header(Delivery.ORDERED, Stream.CHAT, VIEWER, HOST), VIEWER, Role.VIEWER, None) is Drop.ABSENT


def test_unknown_streams_are_dropped() -> None:
    assert check(header(Delivery.ORDERED, 999, HOST, VIEWER), HOST, Role.HOST, HOST) is Drop.STREAM


@pytest.mark.parametrize(
    ("delivery", "stream"),
    [
        (Delivery.FRAME, Stream.CONTROL),
        (Delivery.ORDERED, Stream.SCREEN),
        (Delivery.ORDERED, Stream.BEACON),
        (Delivery.FRAME, Stream.INPUT),
    ],
)
def test_a_stream_keeps_its_class(delivery: Delivery, stream: Stream) -> None:
    role, sender, recipient = (Role.VIEWER, VIEWER, HOST) if stream is Stream.INPUT else (Role.HOST, HOST, VIEWER)
    assert check(header(delivery, stream, sender, recipient), sender, role, HOST) is Drop.CLASS


def test_recording_is_not_for_viewers() -> None:
    assert check(header(Delivery.ORDERED, Stream.RECORDING, HOST), HOST, Role.HOST, HOST) is Drop.RECORDING
