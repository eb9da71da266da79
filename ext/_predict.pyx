# cython: boundscheck=False, wraparound=False
"""Lossless prediction of a rectangle: planes B-G, G, R-G less their median prediction. Twin: ext/_predict_py.py."""

from libc.stdint cimport uint8_t, uint32_t

# The clamp form L + U - clamp(C, min(L,U), max(L,U)) equals the usual median and lets the compiler vectorise rows.
cdef extern from *:
    """
    #include <stdint.h>
    #include <stddef.h>
    #include <string.h>
    #define TASUKI_ROW 16384
    static inline uint8_t tasuki_lo(uint8_t a, uint8_t b) { return a < b ? a : b; }
    static inline uint8_t tasuki_hi(uint8_t a, uint8_t b) { return a > b ? a : b; }
    static void tasuki_split(const uint8_t *source, int width, uint8_t *blue, uint8_t *green, uint8_t *red) {
        for (int x = 0; x < width; x++) {
            uint32_t pixel;
            memcpy(&pixel, source + 4 * (size_t)x, 4);
            uint8_t g = (uint8_t)(pixel >> 8);
            blue[x] = (uint8_t)pixel - g;
            green[x] = g;
            red[x] = (uint8_t)(pixel >> 16) - g;
        }
    }
    static void tasuki_first(const uint8_t *restrict row, uint8_t *restrict out, int width) {
        out[0] = row[0];
        for (int x = 1; x < width; x++) out[x] = (uint8_t)(row[x] - row[x - 1]);
    }
    static void tasuki_next(const uint8_t *restrict row, const uint8_t *restrict above, uint8_t *restrict out, int width) {
        out[0] = (uint8_t)(row[0] - above[0]);
        for (int x = 1; x < width; x++) {
            uint8_t left = row[x - 1], up = above[x], corner = above[x - 1];
            uint8_t low = tasuki_lo(left, up), high = tasuki_hi(left, up);
            uint8_t held = tasuki_hi(tasuki_lo(corner, high), low);
            out[x] = (uint8_t)(row[x] - (uint8_t)(left + up - held));
        }
    }
    static void tasuki_forward(const uint8_t *source, ptrdiff_t stride, int width, int height, uint8_t *out, uint8_t *rows) {
        size_t plane = (size_t)width * height;
        for (int y = 0; y < height; y++) {
            uint8_t *now = rows + (y & 1) * 3 * TASUKI_ROW, *above = rows + (~y & 1) * 3 * TASUKI_ROW;
            tasuki_split(source + y * stride, width, now, now + TASUKI_ROW, now + 2 * TASUKI_ROW);
            for (int k = 0; k < 3; k++) {
                uint8_t *to = out + k * plane + (size_t)y * width;
                if (y) tasuki_next(now + k * TASUKI_ROW, above + k * TASUKI_ROW, to, width);
                else tasuki_first(now + k * TASUKI_ROW, to, width);
            }
        }
    }
    static void tasuki_inverse(uint8_t *planes, int width, int height, uint8_t *target, ptrdiff_t stride) {
        size_t plane = (size_t)width * height;
        for (int k = 0; k < 3; k++) {
            uint8_t *p = planes + k * plane;
            for (int x = 1; x < width; x++) p[x] = (uint8_t)(p[x] + p[x - 1]);
            for (int y = 1; y < height; y++) {
                uint8_t *row = p + (size_t)y * width, *above = row - width;
                uint8_t left = row[0] = (uint8_t)(row[0] + above[0]);
                for (int x = 1; x < width; x++) {
                    uint8_t up = above[x], corner = above[x - 1];
                    uint8_t low = tasuki_lo(left, up), high = tasuki_hi(left, up);
                    left = row[x] = (uint8_t)(row[x] + (uint8_t)(left + up - tasuki_hi(tasuki_lo(corner, high), low)));
                }
            }
        }
        for (int y = 0; y < height; y++) {
            const uint8_t *b = planes + (size_t)y * width, *g = b + plane, *r = g + plane;
            uint8_t *to = target + y * stride;
            for (int x = 0; x < width; x++) {
                uint8_t green = g[x];
                to[4 * x] = (uint8_t)(b[x] + green);
                to[4 * x + 1] = green;
                to[4 * x + 2] = (uint8_t)(r[x] + green);
                to[4 * x + 3] = 255;
            }
        }
    }
    """
    int TASUKI_ROW
    void tasuki_forward(const uint8_t *, Py_ssize_t, int, int, uint8_t *, uint8_t *) noexcept nogil
    void tasuki_inverse(uint8_t *, int, int, uint8_t *, Py_ssize_t) noexcept nogil


cdef int _check(Py_ssize_t size, Py_ssize_t stride, int x, int y, int width, int height) except -1:
    if x < 0 or y < 0 or width <= 0 or height <= 0 or width > TASUKI_ROW:
        raise ValueError("rectangle outside its picture")
    if stride < (<Py_ssize_t>x + width) * 4 or size < stride * (<Py_ssize_t>y + height - 1) + (<Py_ssize_t>x + width) * 4:
        raise ValueError("rectangle outside its picture")
    return 0


def forward(const uint8_t[::1] source not None, Py_ssize_t stride, int x, int y, int width, int height,
            uint8_t[::1] planes not None, Py_ssize_t offset):
    """Write the residual planes (3 * width * height bytes) of a BGRX rectangle to `planes` at `offset`.

    Raises ValueError when the rectangle does not lie in its picture or the planes do not fit.
    """
    cdef bytearray rows = bytearray(6 * TASUKI_ROW)
    cdef uint8_t[::1] scratch = rows
    _check(source.shape[0], stride, x, y, width, height)
    if offset < 0 or planes.shape[0] - offset < <Py_ssize_t>3 * width * height:
        raise ValueError("planes do not fit")
    with nogil:
        tasuki_forward(&source[0] + y * stride + x * 4, stride, width, height, &planes[0] + offset, &scratch[0])


def inverse(uint8_t[::1] planes not None, Py_ssize_t offset, uint8_t[::1] target not None, Py_ssize_t stride, int x,
            int y, int width, int height):
    """Restore a BGRX rectangle (X = 255) from its residual planes; `planes` is overwritten while it is undone."""
    _check(target.shape[0], stride, x, y, width, height)
    if offset < 0 or planes.shape[0] - offset < <Py_ssize_t>3 * width * height:
        raise ValueError("planes do not fit")
    with nogil:
        tasuki_inverse(&planes[0] + offset, width, height, &target[0] + y * stride + x * 4, stride)
