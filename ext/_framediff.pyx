# cython: boundscheck=False, wraparound=False
"""Which 64x64 tiles of two pictures differ, and where exactly. Twin: ext/_framediff_py.py."""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcmp, memcpy, memset

cdef enum:
    TILE = 64


cdef int _diff(const uint8_t* new, const uint8_t* old, int width, int height, Py_ssize_t stride,
               uint8_t* marks) noexcept nogil:
    # A whole row first, then its tiles: rows in memory order cost what one memcmp of the picture costs.
    cdef int across = (width + TILE - 1) // TILE, down = (height + TILE - 1) // TILE
    cdef int changed = 0, y, tile, size
    cdef const uint8_t* a
    cdef const uint8_t* b
    cdef uint8_t* row
    memset(marks, 0, across * down)
    for y in range(height):
        a = new + y * stride
        b = old + y * stride
        if memcmp(a, b, <size_t>width * 4) == 0:
            continue
        row = marks + (y // TILE) * across
        for tile in range(across):
            if row[tile]:
                continue
            size = min(TILE, width - tile * TILE) * 4
            if memcmp(a + tile * TILE * 4, b + tile * TILE * 4, size) != 0:
                row[tile] = 1
                changed += 1
    return changed


cdef int _same_row(const uint8_t* new, const uint8_t* old, Py_ssize_t at, int width) noexcept nogil:
    return memcmp(new + at, old + at, <size_t>width * 4) == 0


cdef int _trim(const uint8_t* new, const uint8_t* old, Py_ssize_t stride, int* box) noexcept nogil:
    cdef int x = box[0], y = box[1], width = box[2], height = box[3]
    cdef int top = 0, bottom = height - 1, left = width, right = -1, row, column
    cdef const uint32_t* a
    cdef const uint32_t* b
    while top < height and _same_row(new, old, (y + top) * stride + x * 4, width):
        top += 1
    if top == height:
        return 0
    while _same_row(new, old, (y + bottom) * stride + x * 4, width):
        bottom -= 1
    for row in range(top, bottom + 1):
        a = <const uint32_t*>(new + (y + row) * stride) + x
        b = <const uint32_t*>(old + (y + row) * stride) + x
        column = 0
        while column < left and a[column] == b[column]:
            column += 1
        if column < left:
            left = column
        column = width - 1
        while column > right and a[column] == b[column]:
            column -= 1
        if column > right:
            right = column
    box[0] = x + left
    box[1] = y + top
    box[2] = right - left + 1
    box[3] = bottom - top + 1
    return 1


cdef int _check(Py_ssize_t size, int width, int height, Py_ssize_t stride) except -1:
    if width <= 0 or height <= 0 or stride < <Py_ssize_t>width * 4 or stride % 4:
        raise ValueError("a picture needs a positive size and a stride of whole pixels that holds a row")
    if size < stride * (height - 1) + <Py_ssize_t>width * 4:
        raise ValueError("buffer smaller than its picture")
    return 0


def diff_tiles(const uint8_t[::1] new not None, const uint8_t[::1] old not None, int width, int height,
               Py_ssize_t stride, uint8_t[::1] marks not None):
    """Mark the 64x64 tiles in which two pictures differ.

    `new`, `old`: BGRX, `stride` bytes a row. `marks`: one byte a tile, row by row, set to 1 or 0. Returns the number
    of changed tiles. Raises ValueError for sizes that do not fit.
    """
    cdef int changed
    _check(new.shape[0], width, height, stride)
    _check(old.shape[0], width, height, stride)
    if marks.shape[0] < ((width + TILE - 1) // TILE) * ((height + TILE - 1) // TILE):
        raise ValueError("fewer marks than tiles")
    with nogil:
        changed = _diff(&new[0], &old[0], width, height, stride, &marks[0])
    return changed


def trim(const uint8_t[::1] new not None, const uint8_t[::1] old not None, Py_ssize_t stride, int x, int y, int width,
         int height):
    """The smallest `(x, y, width, height)` that holds every changed pixel of a rectangle, or None when it is unchanged."""
    cdef int box[4]
    cdef int found
    if x < 0 or y < 0:
        raise ValueError("rectangle outside its picture")
    _check(new.shape[0], x + width, y + height, stride)
    _check(old.shape[0], x + width, y + height, stride)
    if width <= 0 or height <= 0:
        raise ValueError("empty rectangle")
    box[0], box[1], box[2], box[3] = x, y, width, height
    with nogil:
        found = _trim(&new[0], &old[0], stride, box)
    return (box[0], box[1], box[2], box[3]) if found else None


def paste(const uint8_t[::1] source not None, uint8_t[::1] target not None, Py_ssize_t stride, int x, int y, int width,
          int height):
    """Copy a picture of `width` * `height` without padding into a larger one at (x, y)."""
    cdef int row
    if x < 0 or y < 0 or width <= 0 or height <= 0:
        raise ValueError("rectangle outside its picture")
    _check(source.shape[0], width, height, <Py_ssize_t>width * 4)
    _check(target.shape[0], x + width, y + height, stride)
    with nogil:
        for row in range(height):
            memcpy(&target[0] + (y + row) * stride + x * 4, &source[0] + <Py_ssize_t>row * width * 4, <size_t>width * 4)


def copy_rectangle(const uint8_t[::1] source not None, uint8_t[::1] target not None, Py_ssize_t stride, int x, int y,
                   int width, int height):
    """Copy a rectangle between two pictures of one size."""
    cdef int row
    cdef Py_ssize_t at
    if x < 0 or y < 0 or width <= 0 or height <= 0:
        raise ValueError("rectangle outside its picture")
    _check(source.shape[0], x + width, y + height, stride)
    _check(target.shape[0], x + width, y + height, stride)
    with nogil:
        for row in range(height):
            at = (y + row) * stride + x * 4
            memcpy(&target[0] + at, &source[0] + at, <size_t>width * 4)
