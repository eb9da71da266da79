/** The key schedule: HKDF labels of docs/protocol.md 3 and 4, by WebCrypto. Secrets are 32 bytes throughout. */

import { concat, encode, lp, u16, u32, u8 } from './bytes.js';
import { HandshakeError } from './errors.js';

export const MODE_FULL = 0;
export const MODE_RESUME = 1;
export const METHOD_DIGITS = 0;
export const METHOD_LINK = 1;
export const METHOD_RESUME = 2;
const PREFIX = 'tasuki/1 ';
const HMAC = { name: 'HMAC', hash: 'SHA-256' };

/** What WebCrypto takes as data. @typedef {Uint8Array<ArrayBuffer>} Bytes */

/** @param {Uint8Array} data @returns {Bytes} the same bytes in a buffer of their own type, for WebCrypto's signatures */
export const plain = (data) => /** @type {Bytes} */ (data);

/** @param {Uint8Array} data */
export async function sha256(data) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', plain(data)));
}

/** A key for `hmac` that cannot be read out again. @param {Uint8Array} secret */
export function hmacKey(secret) {
  return crypto.subtle.importKey('raw', plain(secret), HMAC, false, ['sign']);
}

/** HMAC-SHA256; also HKDF-Extract with the salt as key (RFC 5869 2.2). @param {CryptoKey} key @param {Uint8Array} data */
export async function hmac(key, data) {
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, plain(data)));
}

/** HKDF-Expand (RFC 5869 2.3) for at most one block of 32 bytes. @param {CryptoKey} secret an HMAC key @param {Uint8Array} info @param {number} size */
export async function hkdfExpand(secret, info, size) {
  return (await hmac(secret, concat(info, u8(1)))).slice(0, size);
}

/**
 * HKDF-Expand with info = prefix, label, 00, context.
 * @param {CryptoKey} secret an HMAC key
 * @param {string} label
 * @param {Uint8Array} context
 * @param {number} size at most 32
 */
export async function expand(secret, label, context, size = 32) {
  return hkdfExpand(secret, concat(encode(PREFIX + label), u8(0), context), size);
}

/** The HKDF salt of a handshake by digits. */
export const digitsSalt = () => encode('tasuki/1');
/** The HKDF salt of a handshake by link. @param {Uint8Array} secret */
export const linkSalt = (secret) => sha256(lp(`${PREFIX}link`, secret));
/** The HKDF salt of a resume handshake. @param {Uint8Array} secret */
export const resumeSalt = (secret) => sha256(lp(`${PREFIX}resume`, secret));
/** The 8 bytes by which a resume secret is named without telling it. @param {Uint8Array} secret */
export const resumeId = async (secret) => (await sha256(lp(`${PREFIX}resume id`, secret))).slice(0, 8);
/** The 8 bytes by which a viewer says which link's secret it has; another value in each attempt. @param {Uint8Array} secret @param {Uint8Array} attempt */
export const linkId = async (secret, attempt) => (await sha256(lp(`${PREFIX}link id`, attempt, secret))).slice(0, 8);

/**
 * The record key of one sender under one association or epoch number.
 * @param {Uint8Array} secret
 * @param {number} number
 * @param {number} sender
 * @returns {Promise<{key: CryptoKey, salt: Uint8Array}>}
 */
export async function recordKey(secret, number, sender) {
  const root = await hmacKey(secret);
  const context = concat(u32(number), u16(sender));
  const raw = await expand(root, 'key', context);
  const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
  return { key, salt: await expand(root, 'salt', context, 12) };
}

/** The six digits that the operator's side reads out. @param {CryptoKey} prk @param {Uint8Array} transcript */
export async function digitsOf(prk, transcript) {
  const bytes = await expand(prk, 'digits', transcript);
  const value = new DataView(bytes.buffer).getBigUint64(0);
  return (value % 1_000_000n).toString().padStart(6, '0');
}

/** An X25519 pair: the private key cannot be read out. @typedef {{secret: CryptoKey, share: Uint8Array}} KeyPair */

/** @returns {Promise<KeyPair>} */
export async function keyPair() {
  const pair = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey('X25519', false, ['deriveBits']));
  return { secret: pair.privateKey, share: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)) };
}

/** An ML-KEM-768 pair (FIPS 203). @typedef {{secret: CryptoKey, share: Uint8Array}} KemPair */

/**
 * What of WebCrypto is newer than TypeScript's own list of it (WICG, modern algorithms).
 * @typedef {{decapsulateBits: (algorithm: string, key: CryptoKey, ciphertext: Uint8Array) => Promise<ArrayBuffer>,
 *   exportKey: (format: string, key: CryptoKey) => Promise<ArrayBuffer>}} ModernSubtle
 */
const modern = () => /** @type {ModernSubtle} */ (/** @type {unknown} */ (crypto.subtle));

/** A pair for suite 2, or null where this browser has no ML-KEM. @returns {Promise<KemPair | null>} */
export async function kemPair() {
  try {
    const usages = /** @type {KeyUsage[]} */ (/** @type {unknown} */ (['encapsulateBits', 'decapsulateBits']));
    const pair = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey('ML-KEM-768', false, usages));
    return { secret: pair.privateKey, share: new Uint8Array(await modern().exportKey('raw-public', pair.publicKey)) };
  } catch {
    return null; // suite 1, unless the session demands more: handshake.js says so
  }
}

/** The shared secret of 32 bytes; a changed ciphertext gives another one, not an error. @param {CryptoKey} secret @param {Uint8Array} ciphertext */
export async function decapsulate(secret, ciphertext) {
  try {
    return new Uint8Array(await modern().decapsulateBits('ML-KEM-768', secret, ciphertext));
  } catch {
    throw new HandshakeError("the other side's answer is not usable");
  }
}

/** A host's key for `verified`. @param {Uint8Array} share */
export async function signerKey(share) {
  try {
    return await crypto.subtle.importKey('raw', plain(share), 'Ed25519', false, ['verify']);
  } catch {
    throw new HandshakeError("the other side's key is not usable", 'unsupported');
  }
}

/** Whether the holder of an Ed25519 key signed these bytes. @param {CryptoKey} key @param {Uint8Array} signature @param {Uint8Array} data */
export function verified(key, signature, data) {
  return crypto.subtle.verify('Ed25519', key, plain(signature), plain(data));
}

/**
 * X25519; an all-zero result is refused (RFC 7748 6.1).
 * @param {CryptoKey} secret
 * @param {Uint8Array} share
 */
export async function exchange(secret, share) {
  try {
    const peer = await crypto.subtle.importKey('raw', plain(share), 'X25519', false, []);
    const shared = new Uint8Array(await crypto.subtle.deriveBits({ name: 'X25519', public: peer }, secret, 256));
    if (shared.some((byte) => byte !== 0)) return shared;
  } catch {
    // Told below: WebCrypto itself refuses low-order shares, with an error that says nothing.
  }
  throw new HandshakeError("the other side's key is not usable");
}
