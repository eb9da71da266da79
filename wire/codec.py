"""One bounds-checked reader and writer for all layouts; big-endian throughout."""

from wire.errors import Malformed


class Reader:
    """Takes fields off a message from the left; raises `Malformed` rather than read past its end."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)
        self._at = 0

    def take(self, size: int) -> memoryview:
        """The next `size` bytes, not copied."""
        if size < 0 or size > len(self._data) - self._at:
            raise Malformed(f"message ends {size - (len(self._data) - self._at)} bytes early")
        start = self._at
        self._at += size
        return self._data[start : self._at]

    def uint(self, size: int) -> int:
        """An unsigned integer of `size` bytes."""
        return int.from_bytes(self.take(size), "big")

    def u8(self) -> int:
        return self.uint(1)

    def u16(self) -> int:
        return self.uint(2)

    def u32(self) -> int:
        return self.uint(4)

    def u64(self) -> int:
        return self.uint(8)

    def i16(self) -> int:
        return int.from_bytes(self.take(2), "big", signed=True)

    def copy(self, size: int) -> bytes:
        """The next `size` bytes, copied."""
        return bytes(self.take(size))

    def lp8(self) -> bytes:
        """Bytes behind a u8 length."""
        return self.copy(self.u8())

    def lp16(self) -> bytes:
        """Bytes behind a u16 length."""
        return self.copy(self.u16())

    def left(self) -> int:
        """How many bytes have not been read."""
        return len(self._data) - self._at

    def rest(self) -> memoryview:
        """Everything not read yet."""
        return self.take(self.left())

    def end(self) -> None:
        """Raises `Malformed` unless everything has been read."""
        if self.left():
            raise Malformed(f"{self.left()} bytes too many")


def lp8(data: bytes) -> bytes:
    """Bytes behind a u8 length."""
    return len(data).to_bytes(1, "big") + data


def lp16(data: bytes) -> bytes:
    """Bytes behind a u16 length."""
    return len(data).to_bytes(2, "big") + data


def lp(*items: bytes) -> bytes:
    """Items behind u32 lengths: the unambiguous form that is hashed (docs/protocol.md, head)."""
    return b"".join(len(item).to_bytes(4, "big") + item for item in items)
