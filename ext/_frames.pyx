# cython: boundscheck=False, wraparound=False
"""Frames of WebSocket (RFC 6455 5.2) and messages in them. Twin: ext/_frames_py.py; the same in C: ext/_frames.pxd."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from ext._frames cimport count_c, head_c, put_head_c, unmask_c


cdef int _inside(Py_ssize_t size, Py_ssize_t start, Py_ssize_t end) except -1:
    if start < 0 or end < start or end > size:
        raise ValueError("outside the buffer")
    return 0


def unmask(uint8_t[::1] buffer not None, Py_ssize_t start, Py_ssize_t end, bytes mask not None):
    """XOR a part of a buffer with a mask of four bytes, in place."""
    cdef uint32_t key
    _inside(buffer.shape[0], start, end)
    if len(mask) != 4:
        raise ValueError("a mask has four bytes")
    (<char*>&key)[0] = (<char*>mask)[0]
    (<char*>&key)[1] = (<char*>mask)[1]
    (<char*>&key)[2] = (<char*>mask)[2]
    (<char*>&key)[3] = (<char*>mask)[3]
    if end > start:
        unmask_c(&buffer[start], end - start, key)


def head(const uint8_t[::1] buffer not None, Py_ssize_t start, Py_ssize_t end):
    """The head of a frame: its bytes, the payload's size, the mask (empty: none); None while it is not all there."""
    cdef uint64_t size = 0
    cdef uint32_t mask = 0
    cdef int taken
    _inside(buffer.shape[0], start, end)
    if end == start:
        return None
    taken = head_c(&buffer[start], end - start, &size, &mask)
    if taken == 0:
        return None
    return taken, size, (<char*>&mask)[:4] if buffer[start + 1] & 128 else b""


def put_head(Py_ssize_t size):
    """The head of an unmasked BINARY frame of `size` bytes."""
    cdef uint8_t room[10]
    cdef int taken
    if size < 0:
        raise ValueError("a size is not negative")
    taken = put_head_c(room + 10, size)
    return (<char*>room)[10 - taken : 10]


def count(const uint8_t[::1] frame not None, uint32_t least, uint32_t most):
    """How many messages, each of `least` to `most` bytes behind its u32 length, fill a frame.

    -1: their lengths do not add up, or there is none; -2: one is too large.
    """
    if frame.shape[0] == 0:
        return -1
    return count_c(&frame[0], frame.shape[0], least, most)
