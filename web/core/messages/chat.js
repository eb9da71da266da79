/** Chat: what people write to one another, passed on by the host to everybody who may chat (docs/protocol.md 5). */

import { decode as utf8, encode as toUtf8, toHex } from '../bytes.js';
import { Malformed, TooLarge } from '../errors.js';
import { CHAT_ID_BYTES, MAX_CHAT_BODY_BYTES, MAX_CHAT_TEXT_BYTES } from '../limits.js';

/**
 * One message. Viewers send `id` and `text`; the host adds who wrote it.
 * @typedef {{id: string, text: string, from: number, name: string}} Line
 */

const ID = new RegExp(`^[0-9a-f]{${2 * CHAT_ID_BYTES}}$`);
const MAX_NAME_CHARS = 64;

/** A new id, for a message of ours. */
export function newId() {
  return toHex(crypto.getRandomValues(new Uint8Array(CHAT_ID_BYTES)));
}

/** @param {{id: string, text: string}} line */
export function encode({ id, text }) {
  return toUtf8(JSON.stringify({ id, text }));
}

/** @param {Uint8Array} body @returns {Line} */
export function decode(body) {
  if (body.length > MAX_CHAT_BODY_BYTES) throw new TooLarge(`chat message of ${body.length} bytes`);
  let value;
  try {
    value = JSON.parse(utf8(body));
  } catch {
    throw new Malformed('chat message is not JSON');
  }
  if (typeof value?.id !== 'string' || !ID.test(value.id)) throw new Malformed('chat message without an id');
  const { from = 0, name = '' } = value;
  if (!Number.isInteger(from) || from < 0 || from > 0xffff || typeof name !== 'string') throw new Malformed('chat message of nobody');
  return { id: value.id, text: checked(value.text), from, name: [...shown(name).replaceAll('\n', '')].slice(0, MAX_NAME_CHARS).join('') };
}

/** A text as it may be sent and shown; `Malformed` when nothing is left of it, `TooLarge` when it is too long. @param {unknown} text */
export function checked(text) {
  if (typeof text !== 'string') throw new Malformed('chat message without a text');
  if (/\p{Cs}/u.test(text)) throw new Malformed('chat message that is no text');
  const size = toUtf8(text).length;
  if (size > MAX_CHAT_TEXT_BYTES) throw new TooLarge(`chat message of ${size} bytes`);
  const left = shown(text.replaceAll('\r\n', '\n')).trim();
  if (!left) throw new Malformed('chat message that says nothing');
  return left;
}

/** Without control characters, what turns the reading direction and other separators of lines; line ends stay. @param {string} text */
function shown(text) {
  return text.replace(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu, '');
}
