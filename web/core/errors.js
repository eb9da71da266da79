/**
 * What can be wrong with bytes or answers from the other side: one tree with stable slugs, as in wire/errors.py.
 */

/** Base of everything the core raises on input from outside. */
export class WireError extends Error {
  /**
   * @param {string} message one sentence for people
   * @param {string} slug stable name for programs
   */
  constructor(message, slug = 'protocol') {
    super(message);
    this.name = new.target.name;
    this.slug = slug;
  }
}

/** Bytes that do not follow docs/protocol.md. */
export class Malformed extends WireError {
  /** @param {string} message @param {string} [slug] */
  constructor(message, slug = 'protocol') {
    super(message, slug);
  }
}

/** A size over its limit (limits.js), found before anything was allocated. */
export class TooLarge extends Malformed {
  /** @param {string} message */
  constructor(message) {
    super(message, 'too-large');
  }
}

/** Authentication failed: a tag, a MAC, a commitment. */
export class Forged extends WireError {
  /** @param {string} message */
  constructor(message) {
    super(message, 'forged');
  }
}

/** A key has sealed as many messages or bytes as it may. */
export class KeyExhausted extends WireError {
  constructor() {
    super('this key has sealed all it may', 'key-exhausted');
  }
}

/** The handshake attempt must be discarded; a new one may start. */
export class HandshakeError extends WireError {
  /** @param {string} message @param {string} [slug] */
  constructor(message, slug = 'handshake') {
    super(message, slug);
  }
}

/** Picture data that cannot be decoded; the viewer asks for a catch-up picture. */
export class PictureError extends WireError {
  /** @param {string} message */
  constructor(message) {
    super(message, 'picture');
  }
}
