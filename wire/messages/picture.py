"""The head of a decompressed picture: its size and rectangles (docs/protocol.md 6)."""

import struct
from typing import Final, NamedTuple

from wire.errors import PictureError
from wire.limits import MAX_PICTURE_PIXELS, MAX_RECTANGLES, MAX_SIDE_PIXELS

CODING_LOSSLESS: Final = 1
_SIZE: Final = struct.Struct(">HHH")
_RECTANGLE: Final = struct.Struct(">BHHHH")
SIZE_BYTES: Final = _SIZE.size


class Rectangle(NamedTuple):
    """A changed rectangle, in pixels from the top left corner."""

    x: int
    y: int
    width: int
    height: int


def check_size(width: int, height: int) -> None:
    """Raises `PictureError` for a picture larger than the limits."""
    if not (0 < width <= MAX_SIDE_PIXELS and 0 < height <= MAX_SIDE_PIXELS and width * height <= MAX_PICTURE_PIXELS):
        raise PictureError(f"a picture of {width}x{height} pixels is over the limit")


def encode_head(width: int, height: int, rectangles: list[Rectangle]) -> bytes:
    """Size and rectangles of a picture, all lossless."""
    head = _SIZE.pack(width, height, len(rectangles))
    return head + b"".join(_RECTANGLE.pack(CODING_LOSSLESS, *rectangle) for rectangle in rectangles)


def decode_size(data: bytes | bytearray) -> tuple[int, int, int]:
    """`(width, height, bytes of head and pixels at most)` from the first `SIZE_BYTES`; `PictureError` when impossible."""
    width, height, count = _SIZE.unpack_from(data)
    check_size(width, height)
    if count > MAX_RECTANGLES:
        raise PictureError(f"{count} rectangles in a picture")
    return width, height, SIZE_BYTES + count * _RECTANGLE.size + 2 * 3 * width * height


def decode_rectangles(data: bytes | bytearray) -> tuple[list[Rectangle], int]:
    """`(rectangles, offset of their pixels)`; `PictureError` unless they lie inside and `data` ends with their pixels."""
    width, height, count = _SIZE.unpack_from(data)
    offset = SIZE_BYTES + count * _RECTANGLE.size
    if len(data) < offset:
        raise PictureError("picture ends inside its head")
    rectangles, pixels = [], 0
    for coding, *place in _RECTANGLE.iter_unpack(data[SIZE_BYTES:offset]):
        rectangle = Rectangle(*place)
        if coding != CODING_LOSSLESS:
            raise PictureError(f"coding {coding} is not known")
        if not (rectangle.width and rectangle.height):
            raise PictureError("empty rectangle")
        if rectangle.x + rectangle.width > width or rectangle.y + rectangle.height > height:
            raise PictureError("rectangle outside its picture")
        rectangles.append(rectangle)
        pixels += rectangle.width * rectangle.height
    if pixels > 2 * width * height:
        raise PictureError("rectangles hold more than twice the picture")
    if len(data) != offset + 3 * pixels:
        raise PictureError("picture data of the wrong size")
    return rectangles, offset
