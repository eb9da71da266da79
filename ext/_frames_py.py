"""The Python twin of ext/_frames.pyx: same names, same results, for machines without a compiler."""

Buffer = bytes | bytearray | memoryview


def _inside(size: int, start: int, end: int) -> None:
    if start < 0 or end < start or end > size:
        raise ValueError("outside the buffer")


def unmask(buffer: bytearray | memoryview, start: int, end: int, mask: bytes) -> None:
    """XOR a part of a buffer with a mask of four bytes, in place."""
    _inside(len(buffer), start, end)
    if len(mask) != 4:
        raise ValueError("a mask has four bytes")
    size = end - start
    key = (mask * (size // 4 + 1))[:size]
    mixed = int.from_bytes(buffer[start:end], "big") ^ int.from_bytes(key, "big")
    buffer[start:end] = mixed.to_bytes(size, "big")


def head(buffer: Buffer, start: int, end: int) -> tuple[int, int, bytes] | None:
    """The head of a frame: its bytes, the payload's size, the mask (empty: none); None while it is not all there."""
    _inside(len(buffer), start, end)
    if end - start < 2:
        return None
    size, taken = buffer[start + 1] & 127, 2
    if size > 125:
        taken += 2 if size == 126 else 8
        size = int.from_bytes(buffer[start + 2 : start + taken], "big")
    masked = buffer[start + 1] & 128
    whole = taken + (4 if masked else 0)
    if end - start < whole:
        return None
    return whole, size, bytes(buffer[start + taken : start + whole])


def put_head(size: int) -> bytes:
    """The head of an unmasked BINARY frame of `size` bytes."""
    if size < 0:
        raise ValueError("a size is not negative")
    if size < 126:
        return bytes([0x82, size])
    if size < 1 << 16:
        return bytes([0x82, 126]) + size.to_bytes(2, "big")
    return bytes([0x82, 127]) + size.to_bytes(8, "big")


def count(frame: Buffer, least: int, most: int) -> int:
    """How many messages, each of `least` to `most` bytes behind its u32 length, fill a frame.

    -1: their lengths do not add up, or there is none; -2: one is too large.
    """
    at, messages = 0, 0
    while at < len(frame):
        size = int.from_bytes(frame[at : at + 4], "big")
        if at + 4 > len(frame):
            return -1
        if size > most:
            return -2
        if size < least or at + 4 + size > len(frame):
            return -1
        at += 4 + size
        messages += 1
    return messages or -1
