/** The record layer: AES-256-GCM under one key per (number, sender), nonces from one allocator (docs/protocol.md 4). */

import { concat } from './bytes.js';
import { Forged, KeyExhausted, Malformed, TooLarge } from './errors.js';
import { pack } from './header.js';
import { plain, recordKey } from './keys.js';
import {
  HEADER_BYTES,
  MAX_CONTENT_BYTES,
  MAX_FORGERIES,
  MAX_KEY_BYTES,
  MAX_KEY_MESSAGES,
  SPARE_BYTES,
  SPARE_MESSAGES,
  TAG_BYTES,
} from './limits.js';

/** salt XOR (0⁴ ‖ seq), seq being the last 8 bytes of the header. @param {Uint8Array} salt @param {Uint8Array} clear */
function nonceOf(salt, clear) {
  const nonce = salt.slice();
  for (let i = 0; i < 8; i++) nonce[4 + i] ^= clear[16 + i];
  return nonce;
}

/** @param {Uint8Array} salt @param {Uint8Array} clear @returns {AesGcmParams} */
function params(salt, clear) {
  return { name: 'AES-GCM', iv: plain(nonceOf(salt, clear)), additionalData: plain(clear), tagLength: TAG_BYTES * 8 };
}

/** Gives each sequence number of a key once; there is no way to set it back (R18). */
class Nonces {
  #seq = 0;
  #bytes = 0;

  /** `KeyExhausted` after 2²⁴ messages or 64 GiB. @param {number} size of the content */
  take(size) {
    if (this.#seq >= MAX_KEY_MESSAGES || this.#bytes + size > MAX_KEY_BYTES) throw new KeyExhausted();
    this.#bytes += size;
    return BigInt(this.#seq++);
  }

  /** Whether another key should take over now. */
  get worn() {
    return this.#seq > MAX_KEY_MESSAGES - SPARE_MESSAGES || this.#bytes > MAX_KEY_BYTES - SPARE_BYTES;
  }
}

/** Seals what one sender says under one number; owns the sequence, which never repeats. */
export class Sealer {
  #nonces = new Nonces();
  #key;

  /** @param {CryptoKey} key @param {Uint8Array} salt @param {number} number */
  constructor(key, salt, number) {
    this.#key = key;
    this.salt = salt;
    this.number = number;
  }

  /** @param {Uint8Array} secret @param {number} number @param {number} sender */
  static async from(secret, number, sender) {
    const { key, salt } = await recordKey(secret, number, sender);
    return new Sealer(key, salt, number);
  }

  /**
   * The whole message; `epoch` and `seq` of its header are filled in here. The number is taken at once, so that order is the
   * order of the calls. `KeyExhausted` after 2²⁴ messages or 64 GiB, `TooLarge` for content over its limit: thrown, not told
   * by the promise.
   * @param {import('./header.js').Header} fields
   * @param {Uint8Array} content
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  seal(fields, content) {
    if (content.length > MAX_CONTENT_BYTES) throw new TooLarge(`content of ${content.length} bytes`);
    const clear = pack({ ...fields, epoch: this.number, seq: this.#nonces.take(content.length) });
    const sealed = crypto.subtle.encrypt(params(this.salt, clear), this.#key, plain(content));
    return sealed.then((body) => concat(clear, new Uint8Array(body)));
  }

  /** A new handshake is due soon. */
  get worn() {
    return this.#nonces.worn;
  }
}

/** Opens what one sender sealed under one number; counts forgeries. */
export class Opener {
  forgeries = 0;

  /** @param {CryptoKey} key @param {Uint8Array} salt @param {number} number */
  constructor(key, salt, number) {
    this.key = key;
    this.salt = salt;
    this.number = number;
  }

  /** @param {Uint8Array} secret @param {number} number @param {number} sender */
  static async from(secret, number, sender) {
    const { key, salt } = await recordKey(secret, number, sender);
    return new Opener(key, salt, number);
  }

  /** The content of a message; `Forged` when the tag does not fit. @param {Uint8Array} message @returns {Promise<Uint8Array>} */
  async open(message) {
    if (message.length < HEADER_BYTES + TAG_BYTES) throw new Malformed('sealed message without a tag');
    const clear = message.subarray(0, HEADER_BYTES);
    try {
      const body = plain(message.subarray(HEADER_BYTES));
      return new Uint8Array(await crypto.subtle.decrypt(params(this.salt, clear), this.key, body));
    } catch {
      this.forgeries += 1;
      throw new Forged('a message was not sealed by its sender');
    }
  }

  /** Too many forgeries: tear the connection down. */
  get broken() {
    return this.forgeries > MAX_FORGERIES;
  }
}
