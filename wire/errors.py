"""What can be wrong with bytes from the other side: one tree, each leaf with a stable slug and a WebSocket close code.

WireError
├── Malformed            bytes that do not follow docs/protocol.md
│   └── TooLarge         a size over its limit, found before anything was allocated
├── Forged               authentication failed: a tag, a MAC, a commitment
├── KeyExhausted         a record key has sealed all it may
├── HandshakeError       the handshake cannot go on (the attempt is discarded)
│   ├── SuiteTooWeak     the statement demands a post-quantum suite, one end has none
│   └── MethodNotAllowed the statement demands another way to verify
└── PictureError         picture data that cannot be decoded
"""

from typing import ClassVar


class WireError(Exception):
    """Base of everything `wire` raises on input from outside."""

    slug: ClassVar[str] = "protocol"
    close_code: ClassVar[int] = 4006


class Malformed(WireError):
    """Bytes that do not follow the layout."""


class TooLarge(Malformed):
    """A size over its limit (wire/limits.py)."""

    slug = "too-large"
    close_code = 4007


class Forged(WireError):
    """Authentication failed: the bytes are not the peer's."""

    slug = "forged"


class KeyExhausted(WireError):
    """A key has sealed as many messages or bytes as it may; a new epoch or association is due."""

    slug = "key-exhausted"


class HandshakeError(WireError):
    """The handshake attempt must be discarded; a new one may start."""

    slug = "handshake"


class SuiteTooWeak(HandshakeError):
    """The statement demands a post-quantum suite and one end has none; trying again does not help."""

    slug = "pq-required"


class MethodNotAllowed(HandshakeError):
    """The statement demands digits, or a link, and the other side goes another way; trying again does not help."""

    slug = "verification"


class PictureError(WireError):
    """Picture data that cannot be decoded; the viewer asks for a catch-up picture."""

    slug = "picture"


class Close:
    """WebSocket close codes of docs/protocol.md 1."""

    GOODBYE = 1000
    REPLACED = 4001
    KICKED = 4002
    ENDED = 4003
    SLOW = 4004
    DRAIN = 4005
    PROTOCOL = 4006
    TOO_LARGE = 4007
    TIMEOUT = 4008
    LIMIT = 4009

    FINAL = frozenset({REPLACED, KICKED, ENDED})
    """After these an endpoint does not reconnect."""
