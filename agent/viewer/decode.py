"""From picture data to pixels; the data is hostile, so sizes are checked before anything is allocated (docs/protocol.md 6)."""

import zstandard

from ext import inverse
from wire.errors import PictureError
from wire.limits import MAX_PICTURE_BYTES, MAX_RECTANGLES, ZSTD_WINDOW_LOG
from wire.messages.picture import SIZE_BYTES, Rectangle, decode_rectangles, decode_size

FEED_BYTES = 512
"""Compressed bytes fed at a time: a bomb grows by at most 16 MiB (128 blocks of 128 KiB) before it is noticed."""


class _Stream:
    """One zstd stream, fed a picture at a time."""

    def __init__(self) -> None:
        decompressor = zstandard.ZstdDecompressor(max_window_size=1 << ZSTD_WINDOW_LOG)
        self._stream = decompressor.decompressobj()

    def decompress(self, data: bytes) -> bytearray:
        """One picture, decompressed; `PictureError` when damaged or larger than its own head allows."""
        raw, limit, view = bytearray(), SIZE_BYTES + 9 * MAX_RECTANGLES, memoryview(data)
        for at in range(0, len(data), FEED_BYTES):
            raw += self._feed(view[at : at + FEED_BYTES])
            if len(raw) >= SIZE_BYTES:
                limit = decode_size(raw)[2]
            if len(raw) > limit:
                raise PictureError("picture data is larger than its picture")
        if len(raw) < SIZE_BYTES:
            raise PictureError("picture data ends early")
        return raw

    def _feed(self, data: memoryview) -> bytes:
        try:
            return self._stream.decompress(data)
        except zstandard.ZstdError as error:
            raise PictureError("picture data is damaged") from error


class Decoder:
    """The framebuffer of a viewer: `pixels` is BGRX, `width` * `height` * 4 bytes."""

    def __init__(self) -> None:
        self.width = self.height = 0
        self.pixels = bytearray()
        self._group = _Stream()

    def delta(self, data: bytes, *, first: bool) -> list[Rectangle]:
        """Apply a live picture; `first` starts a group. Returns what changed; raises `PictureError`."""
        if first:
            self._group = _Stream()
        return self._apply(self._group, data)

    def catchup(self, data: bytes) -> list[Rectangle]:
        """Apply a catch-up picture."""
        return self._apply(_Stream(), data, whole=True)

    def _apply(self, stream: _Stream, data: bytes, *, whole: bool = False) -> list[Rectangle]:
        if len(data) > MAX_PICTURE_BYTES:
            raise PictureError(f"picture data of {len(data)} bytes")
        raw = stream.decompress(data)
        width, height, _ = decode_size(raw)
        rectangles, offset = decode_rectangles(raw)
        new_size = (width, height) != (self.width, self.height)
        if (whole or new_size) and rectangles[:1] != [Rectangle(0, 0, width, height)]:
            raise PictureError("the picture does not cover everything")
        if new_size:
            self.width, self.height = width, height
            self.pixels = bytearray(b"\0\0\0\xff") * (width * height)
        for rectangle in rectangles:
            inverse(raw, offset, self.pixels, width * 4, *rectangle)
            offset += 3 * rectangle.width * rectangle.height
        return rectangles
