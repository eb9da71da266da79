"""Pictures of many parts: cut, sealed in place and put together again."""

import random

import pytest

from agent.host.capture.base import Frame
from agent.host.stream import PictureStream
from agent.outbox import Outbox
from agent.viewer.sync import PictureSync
from wire.header import CATCHUP, split_frame, unpack
from wire.messages.feedback import Feedback
from wire.messages.screen import decode_part
from wire.seal import Opener, Sealer

WIDTH, HEIGHT = 320, 240
SECRET = bytes(range(32))


class Ends:
    """A stream and a viewer under one key; noise, which no compressor makes smaller."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        self.outbox.open()
        self.stream, self.sync = PictureStream(1, self.outbox), PictureSync()
        self.stream.use(Sealer(SECRET, 1, 1))
        self.opener = Opener(SECRET, 1, 1)
        self.noise = random.Random(7)
        self.parts: list[int] = []
        """How many parts each picture had that was drawn."""

    def show(self) -> bytes:
        """A new picture; its pixels as the viewer must have them."""
        pixels = bytearray(self.noise.randbytes(WIDTH * HEIGHT * 4))
        pixels[3::4] = b"\xff" * (WIDTH * HEIGHT)
        assert self.stream.produce(Frame(bytes(pixels), WIDTH, HEIGHT), 1.0)
        return bytes(pixels)

    def carry(self) -> None:
        """Until nothing is left to send; as a relay does, a catch-up as a whole before what is live."""
        while frames := list(iter(self.outbox.next, None)):
            messages = [message for frame in frames if isinstance(frame, bytes) for message in split_frame(frame)]
            for message in sorted(messages, key=lambda message: not unpack(message).kind & CATCHUP):
                self.take(message)

    def take(self, message: memoryview) -> None:
        fields = unpack(message)
        part, data = decode_part(self.opener.open(fields, message))
        if self.sync.take(fields, part, data) is not None:
            self.parts.append(part.parts)
        if not fields.kind & CATCHUP:
            receiving, count = self.sync.receiving
            self.stream.acknowledge(Feedback(0, self.sync.picture, receiving, count), 1.0)


def test_parts_make_the_picture_again() -> None:
    ends = Ends()
    ends.stream.need(2)
    wanted = ends.show()
    ends.carry()
    assert ends.sync.decoder.pixels == wanted
    for _ in range(3):
        wanted = ends.show()
        ends.carry()
        assert ends.sync.decoder.pixels == wanted
    assert ends.parts == [4, 1, 4, 4, 4], "heads were written over what was sealed"


@pytest.mark.rule("R22")
def test_what_was_not_sealed_yet_is_not_sealed_under_the_next_key() -> None:
    """A new key in the middle of a picture: its other parts are gone, and everybody needs a catch-up."""
    ends = Ends()
    ends.stream.need(2)
    ends.show()
    ends.carry()
    ends.show()
    waiting = len(ends.stream._pending)
    assert waiting, "the window holds a part of it back"
    assert ends.stream.use(Sealer(bytes(32), 2, 1)), "cut in the middle"
    assert not ends.stream._pending
