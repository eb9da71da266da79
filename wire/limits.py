"""Every limit of the wire: name, unit, one home. Checked before anything is allocated."""

# Messages and frames (docs/protocol.md 1, 2)
HEADER_BYTES = 24
TAG_BYTES = 16
MAX_PART_BYTES = 64 * 1024
"""Largest piece of a picture in one message."""
MAX_CONTENT_BYTES = MAX_PART_BYTES + 64
"""Largest content before sealing: a part and its own header."""
MAX_MESSAGE_BYTES = HEADER_BYTES + MAX_CONTENT_BYTES + TAG_BYTES
MAX_FRAME_BYTES = 256 * 1024
"""Largest BINARY WebSocket frame, length fields included."""
MAX_TEXT_BYTES = 16 * 1024
"""Largest TEXT WebSocket frame."""
MAX_SLOTS = 256
"""LATEST slots per (sender, stream)."""

# Keys (docs/protocol.md 4)
MAX_KEY_MESSAGES = 1 << 24
MAX_KEY_BYTES = 64 << 30
MAX_FORGERIES = 64
"""Failures to open on one key before the connection is torn down."""

# Delivery (docs/protocol.md 8)
LIVE_QUEUE_BYTES = 256 * 1024
LIVE_QUEUE_SECONDS = 1.5
BEHIND_INTERVAL_SECONDS = 5.0
ORDERED_QUEUE_BYTES = 4 << 20
ORDERED_QUEUE_SECONDS = 15.0
ORDERED_IN_FLIGHT_BYTES = 256 * 1024
"""Unacknowledged ORDERED content a sender keeps on the way to one peer."""
ORDERED_KEPT_BYTES = 8 << 20
"""What waits at the source behind that."""

# Time (docs/protocol.md 1, 9; PROTOCOL numbers)
PING_SECONDS = 2.0
DEAD_SECONDS = 6.0
CONNECT_SECONDS = 2.0
BEACON_SECONDS = 1.0
BEACON_LOST_SECONDS = 15.0
HANDSHAKE_RETRY_SECONDS = 4.0
HANDSHAKE_INTERVAL_SECONDS = 1.0
"""A host answers no more than one full handshake in this time."""
MAX_HANDSHAKES = 12
"""Full handshakes without right digits before a host ends the session."""
INPUT_AGE_SECONDS = 10.0
"""Older input is acknowledged, not applied."""
MAX_EPOCH_KEYS = 8
"""Epoch keys that a viewer holds at once."""
PICTURE_WANT_SECONDS = 4.0
STALE_SECONDS = 3.0
"""A picture that nobody vouched for since then is called old, and input that depends on it is refused."""
ALONE_VIEWER_SECONDS = 3.0
VERIFICATION_SECONDS = 120.0
ABSENT_SECONDS = 60.0
RESUME_SECONDS = 15 * 60.0
RENEW_SECONDS = 5 * 60.0
EPOCH_SECONDS = 60 * 60.0

# Pictures (docs/protocol.md 6)
MAX_SIDE_PIXELS = 16_384
MAX_PICTURE_PIXELS = 32 << 20
MAX_RECTANGLES = 4_096
ZSTD_WINDOW_LOG = 20
MAX_PARTS = 1_024
MAX_PICTURE_BYTES = 32 << 20
"""Compressed bytes of one picture, all parts together."""

# Bodies (docs/protocol.md 5)
MAX_INPUT_TEXT_BYTES = 4_096
MAX_CHAT_TEXT_BYTES = 4_096
"""One chat message, in UTF-8."""
MAX_CHAT_BODY_BYTES = 32 * 1024
"""The same with its id and its writer; JSON may write a character in six bytes."""
CHAT_KEPT = 200
"""Messages that the host keeps, to pass on to who comes back."""
MAX_CONTROL_BYTES = 32 * 1024
MAX_TOKEN_BYTES = 8 * 1024
MAX_DOCUMENT_BYTES = 128 * 1024
"""A signed document that is kept, such as a receipt."""

# Receipts (wire/receipt.py)
MAX_RECEIPT_BYTES = 256 * 1024
"""The file: what was signed, once to read and once as it was signed, and the key."""
MAX_GRANT_SPANS = 128
"""From-to times of single grants that a host reports; what comes after that is only counted."""
MAX_PAUSE_SPANS = 64
MAX_ANSWERS = 32
"""Yes or no to single viewers."""
MAX_FACTS_BYTES = 48 * 1024
"""A host's report of them."""
FACTS_SECONDS = 15 * 60.0
"""How long after the end a host may still report, and the customer may ask for the receipt."""
VERIFICATION_ATTEMPTS = 3
