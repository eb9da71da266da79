"""The same in C, for kernels that work on many frames of one read (relay/transport.pyx)."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>

    /* XOR with a mask of four bytes, eight bytes at a time; the compiler makes vectors of it. */
    static inline void tasuki_unmask(uint8_t *at, size_t size, uint32_t mask) {
        uint64_t wide = (uint64_t)mask << 32 | mask, some;
        size_t i = 0;
        for (; i + 8 <= size; i += 8) {
            memcpy(&some, at + i, 8);
            some ^= wide;
            memcpy(at + i, &some, 8);
        }
        for (; i < size; i++)
            at[i] ^= ((const uint8_t *)&mask)[i & 3];
    }

    static inline uint16_t tasuki_u16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

    static inline uint32_t tasuki_u32(const uint8_t *at) {
        return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    }

    /* The head of a WebSocket frame: bytes it takes, 0 while they are not all there. */
    static inline int tasuki_head(const uint8_t *at, size_t left, uint64_t *size, uint32_t *mask) {
        int length, head = 2;
        if (left < 2)
            return 0;
        length = at[1] & 127;
        *size = (uint64_t)length;
        if (length == 126) {
            if (left < 4)
                return 0;
            *size = tasuki_u16(at + 2);
            head = 4;
        } else if (length == 127) {
            if (left < 10)
                return 0;
            *size = (uint64_t)tasuki_u32(at + 2) << 32 | tasuki_u32(at + 6);
            head = 10;
        }
        *mask = 0;
        if (at[1] & 128) {
            if (left < (size_t)head + 4)
                return 0;
            memcpy(mask, at + head, 4);
            head += 4;
        }
        return head;
    }

    /* The head of an unmasked BINARY frame of ours, written so that it ends at `end`: bytes it takes. */
    static inline int tasuki_put_head(uint8_t *end, uint64_t size) {
        if (size < 126) {
            end[-2] = 0x82;
            end[-1] = (uint8_t)size;
            return 2;
        }
        if (size < 65536) {
            end[-4] = 0x82;
            end[-3] = 126;
            end[-2] = (uint8_t)(size >> 8);
            end[-1] = (uint8_t)size;
            return 4;
        }
        end[-10] = 0x82;
        end[-9] = 127;
        for (int i = 0; i < 8; i++)
            end[-1 - i] = (uint8_t)(size >> 8 * i);
        return 10;
    }

    /* How many messages, each behind its u32 length, fill a frame; -1: their lengths do not add up, -2: one is too large. */
    static inline long tasuki_count(const uint8_t *at, size_t left, uint32_t least, uint32_t most) {
        long count = 0;
        if (left == 0)
            return -1;
        while (left) {
            uint32_t size;
            if (left < 4)
                return -1;
            size = tasuki_u32(at);
            if (size > most)
                return -2;
            if (size < least || left - 4 < size)
                return -1;
            at += 4 + (size_t)size;
            left -= 4 + (size_t)size;
            count++;
        }
        return count;
    }
    """
    void unmask_c "tasuki_unmask"(uint8_t* at, size_t size, uint32_t mask) nogil
    uint16_t u16 "tasuki_u16"(const uint8_t* at) nogil
    uint32_t u32 "tasuki_u32"(const uint8_t* at) nogil
    int head_c "tasuki_head"(const uint8_t* at, size_t left, uint64_t* size, uint32_t* mask) nogil
    int put_head_c "tasuki_put_head"(uint8_t* end, uint64_t size) nogil
    long count_c "tasuki_count"(const uint8_t* at, size_t left, uint32_t least, uint32_t most) nogil
