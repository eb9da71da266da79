/** JSON: sealed control messages (docs/protocol.md 5) and the relay's TEXT frames (7): objects with a `type`. */

import { decode as utf8, encode as toUtf8, fromBase64 } from '../bytes.js';
import { Malformed, TooLarge } from '../errors.js';
import { MAX_CONTROL_BYTES, MAX_TEXT_BYTES } from '../limits.js';

/** @typedef {{type: string, [member: string]: unknown}} Control */

/** @param {Control} message */
export function encode(message) {
  return toUtf8(JSON.stringify(message));
}

/** @param {string} text @returns {Control} */
function parse(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Malformed('message is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || typeof value.type !== 'string') {
    throw new Malformed('message without a type');
  }
  return value;
}

/** A sealed control message. @param {Uint8Array} body */
export function decode(body) {
  if (body.length > MAX_CONTROL_BYTES) throw new TooLarge(`control message of ${body.length} bytes`);
  return parse(utf8(body));
}

/** A TEXT frame of the relay. @param {string} text */
export function decodeText(text) {
  if (text.length > MAX_TEXT_BYTES) throw new TooLarge(`text of ${text.length} characters`);
  return parse(text);
}

/**
 * Epoch number and key of a `welcome` or `epoch`; `Malformed` when either is missing or of the wrong size.
 * @param {Control} message
 * @returns {{epoch: number, secret: Uint8Array}}
 */
export function epochOf(message) {
  const { epoch, secret } = message;
  if (typeof epoch !== 'number' || !Number.isInteger(epoch) || epoch <= 0 || epoch >= 2 ** 32) {
    throw new Malformed('epoch without its number');
  }
  const key = typeof secret === 'string' ? fromBase64(secret) : new Uint8Array();
  if (key.length !== 32) throw new Malformed('epoch without its key');
  return { epoch, secret: key };
}

/** A short printable text of a message, for people; `fallback` when there is none. @param {unknown} value @param {string} fallback */
export function textOf(value, fallback) {
  if (typeof value !== 'string' || !value) return fallback;
  return value.slice(0, 200).replace(/\p{C}/gu, '');
}

/** The strings of a list, nothing else. @param {unknown} value @returns {string[]} */
export function stringsOf(value) {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
