# cython: boundscheck=False, wraparound=False
"""The relay's end of one connection, native. Twin: relay/websocket.py, whose `Owner` it tells; same frames, same faults.

What it does besides: a message whose way is clear (`Room.forward` would write it as it is, at once, to whom it goes) is sent
straight on, without a Python object made of it. All messages of one read that go the same way leave in one frame and one
write; a frame to several viewers is framed once. Everything else (queues, catch-up pictures, epochs, what is retained, what is
refused) goes to the room, message by message and in order: `open` and `live` of a connection are false while anything waits.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.buffer cimport PyBUF_WRITE
from cpython.memoryview cimport PyMemoryView_FromMemory
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memmove

from aiofastnet.transport cimport Protocol, StreamTransport, Transport
from aiofastnet.utils cimport NoResult

from ext._frames cimport count_c, head_c, put_head_c, u16, u32, unmask_c

from relay import limits
from relay.permissions import Role, ways
from relay.websocket import close_code, is_utf8, text_head
from wire import limits as wire_limits
from wire.errors import Close

cdef extern from *:
    """
    #include <time.h>
    static inline double tasuki_monotonic(void) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    }
    """
    double monotonic_c "tasuki_monotonic"() nogil

cdef enum:
    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10
    NOTHING = 255  # no message is being put together
    MOST_IN_CONTROL = 125
    WS_HEAD = 14  # the longest head of a masked frame
    OUT_HEAD = 10  # and of ours
    STREAMS = 64
    # relay/header: kind and flags
    CLASS_MASK = 0x03
    RETAIN = 0x04
    CATCHUP = 0x10
    FRAME = 3

cdef int PROTOCOL_ERROR = 1002, NOT_UTF8 = 1007
cdef int TOO_LARGE = Close.TOO_LARGE
cdef Py_ssize_t READ_BYTES = limits.READ_CHUNK_BYTES, HEAD_BYTES = limits.HEAD_BYTES
cdef Py_ssize_t BATCH_MIN = limits.BATCH_MIN_BYTES, BATCH_MAX = limits.BATCH_MAX_BYTES
cdef Py_ssize_t MAX_FRAME = wire_limits.MAX_FRAME_BYTES, MAX_TEXT = wire_limits.MAX_TEXT_BYTES
cdef uint32_t LEAST = wire_limits.HEADER_BYTES, MOST = wire_limits.MAX_MESSAGE_BYTES, SLOTS = wire_limits.MAX_SLOTS

# One of each for all connections: a read is handled to its end before the next one begins.
cdef Py_ssize_t IN_SIZE = READ_BYTES + MAX_FRAME + WS_HEAD
cdef uint8_t* inbox = <uint8_t*>malloc(IN_SIZE)
cdef uint8_t* outbox = <uint8_t*>malloc(OUT_HEAD + BATCH_MAX + MOST + 4)
if inbox == NULL or outbox == NULL:
    raise MemoryError


cdef class Connection(Protocol):
    """One accepted socket."""

    NATIVE = True

    cdef public object owner, transport
    cdef public bint open, live
    cdef public double last_read
    cdef public Py_ssize_t ask_after
    cdef Transport _native
    cdef StreamTransport _stream
    cdef object _room, _member
    cdef bint _upgraded, _deaf, _is_host
    cdef uint16_t _sender
    cdef const uint8_t* _one  # by stream: bits of the classes that may go to one
    cdef const uint8_t* _all  # and to all
    cdef object _ways
    cdef uint8_t* _kept  # what came of a frame that is not whole yet
    cdef Py_ssize_t _kept_size
    cdef int _fragments
    cdef bytearray _parts
    cdef Py_ssize_t _budget
    # What the room was not told yet:
    cdef Py_ssize_t _unasked, _bytes_in, _messages_in, _bytes_out, _messages_out
    # Of the read that is being handled:
    cdef Py_ssize_t _out, _out_messages
    cdef uint16_t _recipient
    cdef Connection _known  # the connection of that recipient, as it was found last
    cdef Connection _target
    cdef list _targets
    cdef object __weakref__

    def __init__(self, owner):
        self.owner = owner
        self._fragments = NOTHING
        self._budget = BATCH_MIN

    def __dealloc__(self):
        free(self._kept)

    # What the owner calls

    def upgrade(self, owner):
        """The request was answered with 101: what comes now are frames, for this owner."""
        self.owner, self._upgraded = owner, True

    def seat(self, room, member):
        """Whose connection it is: from now on it forwards by itself, and is written to by others."""
        self._room, self._member = room, member
        self._is_host = member.role is Role.HOST
        self._sender = member.sender
        self.hold(member.role, member.not_for)
        member.way = self

    def unseat(self):
        """Nothing is forwarded any more, neither from it nor to it."""
        self.settle()
        self._room = self._member = self._known = None
        self.open = False

    def settle(self):
        """Have counted what was sent straight on."""
        if self._messages_in:
            self._room.count_in(self._member, self._bytes_in, self._messages_in)
            self._bytes_in = self._messages_in = 0
        if self._messages_out:
            self._room.count_out(self._member, self._bytes_out, self._messages_out)
            self._bytes_out = self._messages_out = 0

    def hold(self, role, not_for):
        """What its participant may send changed."""
        self._ways = ways(role, not_for)
        self._one = <const uint8_t*><char*>(<bytes>self._ways[0])
        self._all = <const uint8_t*><char*>(<bytes>self._ways[1])

    def write(self, data):
        """Bytes as they are."""
        self.transport.write(data)

    def send(self, int opcode, bytes payload):
        """One frame."""
        self.transport.write(text_head(opcode, len(payload)) + payload)

    def stop_listening(self):
        """What comes now is not looked at."""
        self._deaf = True

    # What the transport calls

    cpdef is_buffered_protocol(self):
        return True

    def connection_made(self, transport):
        self.transport = transport
        self._native = transport if isinstance(transport, Transport) else None
        self._stream = transport if isinstance(transport, StreamTransport) else None
        self.last_read = monotonic_c()
        self.owner.made()

    def connection_lost(self, exc):
        self._deaf = True
        self.unseat()
        self._forget()
        self.owner.lost()

    def eof_received(self):
        return False

    def pause_writing(self):
        self.open = False
        self.owner.pause_writing()

    def resume_writing(self):
        self.owner.resume_writing()

    cdef NoResult get_buffer_c(self, Py_ssize_t hint, char** at, Py_ssize_t* size) except NoResult.EXC:
        if self._kept_size:
            memcpy(inbox, self._kept, self._kept_size)
        at[0] = <char*>(inbox + self._kept_size)
        size[0] = READ_BYTES
        return NoResult.OK

    cpdef get_buffer(self, Py_ssize_t hint):
        cdef char* at
        cdef Py_ssize_t size
        self.get_buffer_c(hint, &at, &size)
        return PyMemoryView_FromMemory(at, size, PyBUF_WRITE)

    cpdef buffer_updated(self, Py_ssize_t size):
        cdef Py_ssize_t end = self._kept_size + size, at = 0
        self.last_read = monotonic_c()
        if not self._upgraded:
            at = self._read_head(end)
        if self._upgraded:
            at = self._read_frames(at, end)
        if self._deaf:
            self._forget()
        else:
            self._keep(at, end)

    # Reading

    cdef Py_ssize_t _read_head(self, Py_ssize_t end) except -1:
        """Where the frames begin."""
        cdef bytes seen
        cdef Py_ssize_t head
        if self._deaf:
            return 0
        seen = PyBytes_FromStringAndSize(<char*>inbox, min(end, HEAD_BYTES + 4))
        head = seen.find(b"\r\n\r\n")
        if head < 0 and end <= HEAD_BYTES:
            return 0
        if 0 <= head <= HEAD_BYTES:
            self.owner.on_head(seen[:head + 4])
            return head + 4
        self.owner.on_head(b"")
        return 0

    cdef Py_ssize_t _read_frames(self, Py_ssize_t at, Py_ssize_t end) except -1:
        """Handle every whole frame; where the first that is not whole begins."""
        cdef Py_ssize_t taken, read
        while not self._deaf:
            taken = self._read_frame(inbox + at, end - at)
            if taken == 0:
                break
            at += taken
        self._flush()
        if self._room is None or self._unasked >= self.ask_after or self._room.ready:
            read, self._unasked = self._unasked, 0
            self.owner.on_read(read)
        return at

    cdef Py_ssize_t _read_frame(self, uint8_t* at, Py_ssize_t left) except -1:
        """Bytes of the frame that begins there; 0 when it is not whole, or broken."""
        cdef uint64_t size = 0
        cdef uint32_t mask = 0
        cdef int head, opcode, kind
        cdef Py_ssize_t most, whole
        if left < 2:
            return 0
        if self._is_fault(at[0], at[1]):
            return self._fail(PROTOCOL_ERROR, "protocol")
        head = head_c(at, left, &size, &mask)
        if head == 0:
            return 0
        opcode = at[0] & 15
        kind = self._fragments if opcode == CONTINUATION else opcode
        most = MAX_TEXT if kind == TEXT else MAX_FRAME
        if size > <uint64_t>most:
            return self._fail(TOO_LARGE, "too-large")
        whole = <Py_ssize_t>size
        if kind <= BINARY and self._parts is not None and len(self._parts) + whole > most:
            return self._fail(TOO_LARGE, "too-large")
        if head != 6 + (0 if size < 126 else 2 if size < 65536 else 8):
            return self._fail(PROTOCOL_ERROR, "protocol")
        if left < head + whole:
            return 0
        if mask:
            unmask_c(at + head, whole, mask)
        self._take(opcode, at[0] & 128, at + head, whole)
        return head + whole

    cdef bint _is_fault(self, uint8_t first, uint8_t second) noexcept:
        cdef int opcode = first & 15
        if first & 0x70 or not second & 128:
            return True
        if opcode >= CLOSE:
            return opcode > PONG or not first & 128 or second & 127 > MOST_IN_CONTROL
        return opcode > BINARY or (opcode == CONTINUATION) != (self._fragments != NOTHING)

    cdef int _take(self, int opcode, bint final, uint8_t* payload, Py_ssize_t size) except -1:
        cdef int kind
        cdef bytes whole
        if opcode >= CLOSE:
            return self._control(opcode, PyBytes_FromStringAndSize(<char*>payload, size))
        if opcode == BINARY and final:
            return self._binary(payload, size)
        if opcode == TEXT and final:
            return self._text(PyBytes_FromStringAndSize(<char*>payload, size))
        if opcode != CONTINUATION:
            self._fragments, self._parts = opcode, bytearray()
        self._parts += payload[:size]
        if final:
            kind, whole = self._fragments, bytes(self._parts)
            self._fragments, self._parts = NOTHING, None
            if kind == TEXT:
                return self._text(whole)
            return self._binary(<uint8_t*><char*>whole, len(whole))
        return 0

    cdef int _text(self, bytes text) except -1:
        self._flush()
        self.settle()
        if is_utf8(text):
            self.owner.on_text(text)
        else:
            self._fail(NOT_UTF8, "protocol")
        return 0

    cdef int _control(self, int opcode, bytes payload) except -1:
        if opcode == PING:
            self.owner.on_ping(payload)
        elif opcode == CLOSE:
            self._flush()
            self.settle()
            self.owner.on_close(close_code(payload))
        return 0

    cdef Py_ssize_t _fail(self, int code, str reason) except -1:
        self._flush()
        self.settle()
        self.owner.on_fault(code, reason)
        self._deaf = True
        return 0

    # Forwarding

    cdef int _binary(self, uint8_t* frame, Py_ssize_t size) except -1:
        """The messages of a frame, after all of it was found whole."""
        cdef Py_ssize_t at = 0, length
        cdef long count = count_c(frame, size, LEAST, MOST)
        self._unasked += size
        if self._member is None or count < 0 or not self._are_ours(frame, size):
            self._flush()
            self.settle()
            self.owner.on_binary(PyBytes_FromStringAndSize(<char*>frame, size))
            return 0
        self._bytes_in += size
        self._messages_in += count
        while at < size and self._member is not None:
            length = 4 + <Py_ssize_t>u32(frame + at)
            if not self._straight_on(frame + at, length):
                self.settle()
                self.owner.on_message(PyBytes_FromStringAndSize(<char*>frame + at, length))
            at += length
        return 0

    cdef bint _are_ours(self, const uint8_t* frame, Py_ssize_t size) noexcept:
        """Whether every message is of this version, with a class and no unknown flag (wire.header.unpack)."""
        cdef Py_ssize_t at = 0
        while at < size:
            if frame[at + 4] != 1 or frame[at + 5] & 0x80 or not frame[at + 5] & CLASS_MASK:
                return False
            at += 4 + <Py_ssize_t>u32(frame + at)
        return True

    cdef bint _straight_on(self, const uint8_t* message, Py_ssize_t size) except -1:
        """Send a message on if nothing stands in its way; False: the room has to see to it."""
        cdef const uint8_t* head = message + 4
        cdef int kind = head[1], bit = 1 << (kind & CLASS_MASK)
        cdef uint16_t stream = u16(head + 2), recipient = u16(head + 6)
        if kind & (RETAIN | CATCHUP) or stream >= STREAMS or u16(head + 4) != self._sender or u32(head + 12) >= SLOTS:
            return False
        if recipient == 0:
            return self._is_host and self._all[stream] & bit and self._to_all(message, size, kind & CLASS_MASK == FRAME)
        if not self._one[stream] & bit:
            return False
        return self._to_one(self._way_to(recipient), message, size)

    cdef Connection _way_to(self, uint16_t recipient):
        """The connection of a viewer, or of the host; None when it is not here, or not to be reached."""
        if self._known is not None and self._recipient == recipient and self._known._room is self._room:
            return self._known
        if self._is_host:
            member = self._room.members.get(recipient)
            if member is None or member is self._member:
                return None
        else:
            member = self._room.host
            if member is None or member.sender != recipient:
                return None
        way = member.way
        self._recipient, self._known = recipient, <Connection>way if isinstance(way, Connection) else None
        return self._known

    cdef bint _to_one(self, Connection target, const uint8_t* message, Py_ssize_t size) except -1:
        if target is None or not target.open:
            return False
        if self._target is not target or self._out + size > target._budget:
            self._flush()
            if not target.open:
                return False
            self._target = target
        self._put(message, size)
        return True

    cdef bint _to_all(self, const uint8_t* message, Py_ssize_t size, bint picture) except -1:
        """Those whose way is clear get it at once, the room queues it for the others."""
        cdef list ways = [], others = []
        cdef Connection target
        if u32(message + 12) != <uint32_t>self._room.epoch:
            return False
        for member in self._room.members.values():
            if member is self._member:
                continue
            way = member.way
            if isinstance(way, Connection) and (<Connection>way).open and (not picture or (<Connection>way).live):
                ways.append(way)
            else:
                others.append(member)
        if not ways:
            return False
        if self._targets != ways or self._out + size > self._narrowest(ways):
            self._flush()
            for way in ways:
                if not (<Connection>way).open:
                    return False
            self._targets = ways
        self._put(message, size)
        if others:
            self._room.forward_to(others, PyBytes_FromStringAndSize(<char*>message, size), self.last_read)
        return True

    cdef Py_ssize_t _narrowest(self, list ways) except -1:
        cdef Py_ssize_t least = BATCH_MAX
        for way in ways:
            least = min(least, (<Connection>way)._budget)
        return least

    cdef void _put(self, const uint8_t* message, Py_ssize_t size) noexcept:
        memcpy(outbox + OUT_HEAD + self._out, message, size)
        self._out += size
        self._out_messages += 1

    cdef int _flush(self) except -1:
        """Write what was gathered, as one frame, to whom it goes."""
        cdef int head
        cdef Connection target = self._target
        cdef list targets = self._targets
        if self._out == 0:
            return 0
        head = put_head_c(outbox + OUT_HEAD, self._out)
        if target is not None:
            target._written(outbox + OUT_HEAD - head, head + self._out, self._out, self._out_messages)
        else:
            for way in targets:
                (<Connection>way)._written(outbox + OUT_HEAD - head, head + self._out, self._out, self._out_messages)
        self._target = self._targets = None
        self._out = self._out_messages = 0
        return 0

    cdef int _written(self, uint8_t* frame, Py_ssize_t size, Py_ssize_t counted, Py_ssize_t messages) except -1:
        cdef Py_ssize_t waits
        if self._member is None:
            return 0
        if self._native is not None:
            self._native.write_c(<char*>frame, size)
        else:
            self.transport.write(PyBytes_FromStringAndSize(<char*>frame, size))
        self._bytes_out += counted
        self._messages_out += messages
        # Small writes for a slow connection (what is written can no longer be shed), large ones for a fast one.
        waits = self._stream.get_write_buffer_size() if self._stream is not None else self.transport.get_write_buffer_size()
        self._budget = BATCH_MIN if waits else min(2 * self._budget, BATCH_MAX)
        return 0

    # What came of a frame that is not whole yet

    cdef int _keep(self, Py_ssize_t at, Py_ssize_t end) except -1:
        cdef Py_ssize_t size = end - at
        cdef uint8_t* room
        if size == 0:
            self._forget()
            return 0
        room = <uint8_t*>malloc(size)
        if room == NULL:
            raise MemoryError
        memcpy(room, inbox + at, size)
        self._forget()
        self._kept, self._kept_size = room, size
        return 0

    cdef void _forget(self) noexcept:
        free(self._kept)
        self._kept, self._kept_size = NULL, 0
