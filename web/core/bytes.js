/** One bounds-checked reader and writer for all layouts; big-endian throughout. */

import { Malformed } from './errors.js';

const utf8 = new TextEncoder();
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Takes fields off a message from the left; throws `Malformed` rather than read past its end. */
export class Reader {
  #view;
  #at = 0;

  /** @param {Uint8Array} data */
  constructor(data) {
    this.data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  /** @param {number} size @returns {number} where the taken bytes start */
  #take(size) {
    if (size > this.left()) throw new Malformed(`message ends ${size - this.left()} bytes early`);
    const start = this.#at;
    this.#at += size;
    return start;
  }

  /** How many bytes have not been read. */
  left() {
    return this.data.length - this.#at;
  }

  u8() {
    return this.#view.getUint8(this.#take(1));
  }

  u16() {
    return this.#view.getUint16(this.#take(2));
  }

  i16() {
    return this.#view.getInt16(this.#take(2));
  }

  u32() {
    return this.#view.getUint32(this.#take(4));
  }

  u64() {
    return this.#view.getBigUint64(this.#take(8));
  }

  /** The next `size` bytes, not copied. @param {number} size */
  bytes(size) {
    const start = this.#take(size);
    return this.data.subarray(start, start + size);
  }

  /** Bytes behind a u8 length. */
  lp8() {
    return this.bytes(this.u8());
  }

  /** Bytes behind a u16 length. */
  lp16() {
    return this.bytes(this.u16());
  }

  /** Everything not read yet. */
  rest() {
    return this.bytes(this.left());
  }

  /** Throws `Malformed` unless everything has been read. */
  end() {
    if (this.left()) throw new Malformed(`${this.left()} bytes too many`);
  }
}

/** Collects fields; `done()` gives the bytes. */
export class Writer {
  #parts = /** @type {Uint8Array[]} */ ([]);

  /** @param {number} size @param {(view: DataView) => void} fill @returns {this} */
  #put(size, fill) {
    const part = new Uint8Array(size);
    fill(new DataView(part.buffer));
    this.#parts.push(part);
    return this;
  }

  /** @param {number} value */
  u8(value) {
    return this.#put(1, (view) => view.setUint8(0, value));
  }

  /** @param {number} value */
  u16(value) {
    return this.#put(2, (view) => view.setUint16(0, value));
  }

  /** @param {number} value */
  i16(value) {
    return this.#put(2, (view) => view.setInt16(0, value));
  }

  /** @param {number} value */
  u32(value) {
    return this.#put(4, (view) => view.setUint32(0, value));
  }

  /** @param {bigint} value */
  u64(value) {
    return this.#put(8, (view) => view.setBigUint64(0, value));
  }

  /** @param {Uint8Array} data */
  bytes(data) {
    this.#parts.push(data);
    return this;
  }

  /** @param {Uint8Array} data */
  lp8(data) {
    return this.u8(data.length).bytes(data);
  }

  /** @param {Uint8Array} data */
  lp16(data) {
    return this.u16(data.length).bytes(data);
  }

  done() {
    return concat(...this.#parts);
  }
}

/** @param {Uint8Array[]} parts @returns {Uint8Array<ArrayBuffer>} */
export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Items behind u32 lengths: the unambiguous form that is hashed. @param {(Uint8Array | string)[]} items */
export function lp(...items) {
  const writer = new Writer();
  for (const item of items) {
    const data = typeof item === 'string' ? encode(item) : item;
    writer.u32(data.length).bytes(data);
  }
  return writer.done();
}

/** @param {number} value */
export const u8 = (value) => new Writer().u8(value).done();
/** @param {number} value */
export const u16 = (value) => new Writer().u16(value).done();
/** @param {number} value */
export const u32 = (value) => new Writer().u32(value).done();

/** UTF-8. @param {string} text @returns {Uint8Array<ArrayBuffer>} */
export function encode(text) {
  return /** @type {Uint8Array<ArrayBuffer>} */ (utf8.encode(text));
}

/** Strict UTF-8; `Malformed` for anything else. @param {Uint8Array} data */
export function decode(data) {
  try {
    return strict.decode(data);
  } catch {
    throw new Malformed('text is not UTF-8');
  }
}

/** @param {Uint8Array} a @param {Uint8Array} b whether both hold the same bytes, in time that tells nothing else */
export function same(a, b) {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}

/** @param {Uint8Array} data */
export function toHex(data) {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @param {string} text */
export function fromHex(text) {
  if (!/^([0-9a-f]{2})*$/i.test(text)) throw new Malformed('not hexadecimal');
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Standard or URL alphabet, padding optional; `Malformed` for anything else. @param {string} text */
export function fromBase64(text) {
  const plain = text.replaceAll('-', '+').replaceAll('_', '/').replace(/={1,2}$/, '');
  if (!/^[A-Za-z0-9+/]*$/.test(plain) || plain.length % 4 === 1) throw new Malformed('not base64');
  return Uint8Array.from(atob(plain), (char) => char.charCodeAt(0));
}

/** URL alphabet without padding. @param {Uint8Array} data */
export function toBase64url(data) {
  const binary = Array.from(data, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
