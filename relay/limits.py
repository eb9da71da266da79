"""Limits that are the relay's own; those of the wire are in wire/limits.py. Every one has a name and a unit."""

from typing import Final

# What waits for one participant (relay/outbox.py, relay/pictures.py)
CATCHUP_BYTES: Final = 32 << 20
"""Largest catch-up picture taken from a host; a bigger one closes the host (`too-large`)."""
LATEST_BYTES: Final = 2 << 20
"""LATEST messages waiting for one participant; what would exceed it is dropped and counted."""
RETAINED_BYTES: Final = 1 << 20
"""LATEST messages a room keeps for who comes back (RETAIN)."""
TEXTS: Final = 1_000
"""TEXT frames waiting for one participant; more close it (`slow`)."""

# Writing (relay/link.py)
NOTSENT_LOWAT_BYTES: Final = 16 * 1024
"""TCP_NOTSENT_LOWAT: how much unsent data the kernel may hold, so that stale pictures wait here, where they can be shed."""
WRITE_HIGH_BYTES: Final = 32 * 1024
"""Above this many bytes in the transport nothing more is written; the rest stays in the room's queues."""
WRITE_LOW_BYTES: Final = 8 * 1024
TLS_OUTGOING_BYTES: Final = 2 * (16 * 1024 + 64)
"""Encrypted data that a connection holds: two TLS records."""
BATCH_MIN_BYTES: Final = 32 * 1024
"""Messages that leave in one write to a connection that has been slow."""
BATCH_MAX_BYTES: Final = 160 * 1024
"""The same for one that keeps up; with one message more it is still under MAX_FRAME_BYTES."""
READ_CHUNK_BYTES: Final = 256 * 1024
"""One read takes no more; one buffer of this size serves all connections."""

# Rooms (relay/registry.py)
PARTICIPANTS_PER_ROOM: Final = 33
"""One host and 32 viewers."""
TOMBSTONE_SECONDS: Final = 16 * 60.0
"""How long an ended session is refused: a resume ticket's 15 minutes and some clock difference."""
POLICIES: Final = 10_000
"""Sessions of which a narrowed policy is remembered for who comes later."""
TICKETS_REMEMBERED: Final = 200_000
"""Used tickets kept until they expire; more cannot be valid at a time in honest use."""

# Ways in (relay/gate.py, relay/knock.py)
HANDSHAKE_SECONDS: Final = 5.0
"""From the accepted connection to the whole upgrade request; TLS has as long again."""
HEAD_BYTES: Final = 16 * 1024
"""Largest upgrade request."""
CONNECTIONS: Final = 8_192
CONNECTIONS_PER_ADDRESS: Final = 128
"""One office behind one address; IPv6 is counted by /64."""
MAX_TOKEN_CHARS: Final = 8 * 1024

# Time (relay/server.py)
TICK_SECONDS: Final = 0.1
CLOSE_SECONDS: Final = 2.0
"""A connection that was told to close is cut after this."""
DRAIN_SECONDS: Final = 3.0
"""After `drain` connections that have not left by themselves are closed."""
USAGE_SECONDS: Final = 60.0
"""How often the bytes of each participant are reported."""

# Towards the api (relay/control.py, relay/reports.py)
REPORTS: Final = 20_000
"""Reports kept while the api is away; beyond it the oldest usage goes first."""
REPORTS_PER_REQUEST: Final = 200
REGISTER_RETRY_SECONDS: Final = (0.2, 5.0)
"""First and longest pause between attempts to reach the api."""
