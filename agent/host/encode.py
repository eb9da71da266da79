"""From captured pictures to picture data: difference to what viewers have, rectangles, prediction, zstd (docs/protocol.md 6)."""

import zstandard

from agent.host.regions import changed
from ext import TILE, copy_rectangle, diff_tiles, forward, trim
from wire.limits import ZSTD_WINDOW_LOG
from wire.messages.picture import Rectangle, check_size, encode_head

SMALL_PIXELS = 128 * 128
"""A change known to be this small is trimmed as one rectangle; finding regions in it would cost more than it saves."""
LEVEL = 1
"""zstd level: higher ones cost time and save nothing on screens."""

Pixels = bytes | bytearray | memoryview


def _compressor() -> "zstandard.ZstdCompressionObj":
    parameters = zstandard.ZstdCompressionParameters.from_level(LEVEL, window_log=ZSTD_WINDOW_LOG)
    return zstandard.ZstdCompressor(compression_params=parameters).compressobj()


class Encoder:
    """Holds the picture that viewers in step have (`reference`, BGRX) and the compressor of the running group."""

    def __init__(self) -> None:
        self.width = self.height = 0
        self.reference = bytearray()
        self._marks = bytearray()
        self._planes = bytearray()
        self._group: zstandard.ZstdCompressionObj | None = None

    def start_group(self) -> None:
        """The next `delta` starts a new compressor."""
        self._group = None

    def delta(
        self,
        pixels: Pixels,
        width: int,
        height: int,
        *,
        only: Rectangle | None = None,
        always: bool = False,
        room: int = 0,
    ) -> bytearray | None:
        """Picture data that turns the reference into `pixels`, or None when nothing changed (unless `always`).

        `pixels` is BGRX without padding. The reference becomes `pixels`. A new size covers everything. `only` is where
        alone there can be a difference. `room` bytes are left free in front of what is returned.
        """
        if (width, height) != (self.width, self.height):
            rectangles = self._resize(width, height)
        elif only is not None and only.width * only.height <= SMALL_PIXELS:
            box = trim(pixels, self.reference, width * 4, *only)
            rectangles = [] if box is None else [Rectangle(*box)]
        elif diff_tiles(pixels, self.reference, width, height, width * 4, self._marks):
            rectangles = changed(pixels, self.reference, width, height, self._marks)
        else:
            rectangles = []
        if not rectangles and not always:
            return None
        for rectangle in rectangles:
            copy_rectangle(pixels, self.reference, width * 4, *rectangle)
        if self._group is None:
            self._group = _compressor()
        return self._compress(self._group, rectangles, room, zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def catchup(self, *, room: int = 0) -> bytearray:
        """The whole reference, in a zstd stream of its own, behind `room` free bytes."""
        whole = [Rectangle(0, 0, self.width, self.height)]
        return self._compress(_compressor(), whole, room, zstandard.COMPRESSOBJ_FLUSH_FINISH)

    def _compress(
        self, stream: "zstandard.ZstdCompressionObj", rectangles: list[Rectangle], room: int, flush: int
    ) -> bytearray:
        used = 0
        for rectangle in rectangles:
            forward(self.reference, self.width * 4, *rectangle, self._planes, used)
            used += 3 * rectangle.width * rectangle.height
        head = stream.compress(encode_head(self.width, self.height, rectangles))
        body = stream.compress(memoryview(self._planes)[:used])
        return bytearray().join((bytes(room), head, body, stream.flush(flush)))

    def _resize(self, width: int, height: int) -> list[Rectangle]:
        check_size(width, height)
        self.width, self.height = width, height
        self.reference = bytearray(width * height * 4)
        self._marks = bytearray(-(-width // TILE) * -(-height // TILE))
        self._planes = bytearray(3 * width * height)
        return [Rectangle(0, 0, width, height)]
