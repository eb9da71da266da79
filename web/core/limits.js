/** Every limit of the wire with its unit, as in wire/limits.py; checked before anything is allocated. */

export const HEADER_BYTES = 24;
export const TAG_BYTES = 16;
export const MAX_PART_BYTES = 64 * 1024;
/** A part and its own head. */
export const MAX_CONTENT_BYTES = MAX_PART_BYTES + 64;
export const MAX_MESSAGE_BYTES = HEADER_BYTES + MAX_CONTENT_BYTES + TAG_BYTES;
export const MAX_FRAME_BYTES = 256 * 1024;
export const MAX_TEXT_BYTES = 16 * 1024;
/** Per (sender, stream). */
export const MAX_SLOTS = 256;

export const MAX_KEY_MESSAGES = 2 ** 24;
export const MAX_KEY_BYTES = 64 * 2 ** 30;
/** A key with less than one of these left is replaced. */
export const SPARE_MESSAGES = 2 ** 12;
export const SPARE_BYTES = 2 ** 30;
/** Failures to open on one key before the connection is torn down. */
export const MAX_FORGERIES = 64;
/** Epoch keys held at once. */
export const MAX_EPOCH_KEYS = 8;

/** Unacknowledged ORDERED content on the way to one peer. */
export const ORDERED_IN_FLIGHT_BYTES = 256 * 1024;
/** What may wait at the source behind that. */
export const ORDERED_KEPT_BYTES = 8 * 2 ** 20;

export const CONNECT_MS = 2_000;
export const TICK_MS = 1_000;
export const BEACON_LOST_MS = 15_000;
export const HANDSHAKE_RETRY_MS = 4_000;
/** From one full handshake to the next: a host answers one a second, and this leaves room for a slow network. */
export const FULL_HANDSHAKE_MS = 1_200;
/** How long after a resume handshake the welcome may take. */
export const RESUME_PATIENCE_MS = 20_000;
export const PICTURE_WANT_MS = 4_000;
export const ALONE_VIEWER_MS = 3_000;
export const RENEW_MS = 5 * 60_000;
/** What is stored for a reload is dated anew this often while the session goes on. */
export const KEEP_MS = 60_000;
/** Longest wait between two rounds over the relay list. */
export const MAX_BACKOFF_MS = 10_000;
/** A picture older than this is called old, and input that depends on it is refused. */
export const STALE_MS = 3_000;
/** How much two clocks may part between two beacons. */
export const DRIFT_MS = 1;
/** Pictures whose hashes are kept between two beacons, and beacons that wait for their picture. */
export const MAX_LINKS = 4_096;
export const MAX_BEACONS_WAITING = 16;

export const MAX_SIDE_PIXELS = 16_384;
export const MAX_PICTURE_PIXELS = 32 * 2 ** 20;
export const MAX_RECTANGLES = 4_096;
export const MAX_PARTS = 1_024;
/** Compressed bytes of one picture that are kept while its parts arrive. */
export const MAX_PICTURE_BYTES = 32 * 2 ** 20;
export const ZSTD_WINDOW_BYTES = 2 ** 20;
/** Largest block of RFC 8878 3.1.1.2. */
export const ZSTD_BLOCK_BYTES = 128 * 1024;

export const MAX_INPUT_TEXT_BYTES = 4_096;
export const MAX_INPUT_EVENTS = 256;
export const MAX_CONTROL_BYTES = 32 * 1024;
export const MAX_TOKEN_BYTES = 8 * 1024;
export const MAX_ACKNOWLEDGED = 32;

/** Chat: one message in UTF-8, the same with its id and writer, the id itself. */
export const MAX_CHAT_TEXT_BYTES = 4_096;
export const MAX_CHAT_BODY_BYTES = 32 * 1024;
export const CHAT_ID_BYTES = 16;
/** Wrong entries of digits after which it is over. */
export const VERIFICATION_ATTEMPTS = 3;
/** How long (ms) the customer may take to decide; silence is a refusal. */
export const DECISION_MS = 120_000;
