/** The five messages and the notices of the handshake (docs/protocol.md 3); their rules are in ../handshake.js. */

import { Reader, Writer, decode as utf8, encode as toUtf8 } from '../bytes.js';
import { Malformed, TooLarge } from '../errors.js';
import { MAX_TOKEN_BYTES } from '../limits.js';

export const ATTEMPT_BYTES = 8;
const MAX_KEM_BYTES = 1_184;

/** What a host says in clear when there is nothing sealed to say it in. */
export const Notice = Object.freeze({
  AGAIN: 0x10,
  NEED_RESUME: 0x11,
  NO_RESUME: 0x12,
  WAIT: 0x13,
  REFUSED: 0x14,
  VERIFIED: 0x15,
  STATEMENT_DIFFERS: 0x16,
  PQ_REQUIRED: 0x17,
  NOT_INTRODUCED: 0x18,
  METHOD_NOT_ALLOWED: 0x19,
  NO_COMMON_SUITE: 0x1a,
});
const NOTICES = new Set(Object.values(Notice));

/**
 * @typedef {{kind: 1, mode: number, attempt: Uint8Array, suites: Uint8Array, secretId: Uint8Array, ticket: string,
 *   statement: Uint8Array, introduction: string, commit: Uint8Array}} M1 what I offer, who introduces me, and a commitment
 * @typedef {{kind: 2, attempt: Uint8Array, method: number, suites: Uint8Array, suite: number, association: number,
 *   ticket: string, statement: Uint8Array, key: Uint8Array, nonce: Uint8Array, signer: Uint8Array}} M2 the host's choice,
 *   key, nonce and the key it signs with
 * @typedef {{kind: 3, attempt: Uint8Array, key: Uint8Array, nonce: Uint8Array, kemKey: Uint8Array}} M3 what M1 committed to
 * @typedef {{kind: 4, attempt: Uint8Array, kemCiphertext: Uint8Array, mac: Uint8Array}} M4 the host's proof
 * @typedef {{kind: 5, attempt: Uint8Array, mac: Uint8Array}} M5 the viewer's proof
 * @typedef {{kind: number, attempt: Uint8Array, notice: true}} NoticeMessage unauthenticated: may only restart or stop
 */

/** @param {M1 | M2 | M3 | M4 | M5 | NoticeMessage} message */
export function encode(message) {
  const writer = new Writer().u8(message.kind);
  if ('notice' in message) return writer.bytes(message.attempt).done();
  switch (message.kind) {
    case 1:
      writer.u8(message.mode).bytes(message.attempt).lp8(message.suites).bytes(message.secretId);
      writer.lp8(toUtf8(message.ticket)).bytes(message.statement).lp16(toUtf8(message.introduction));
      return writer.bytes(message.commit).done();
    case 2:
      writer.bytes(message.attempt).u8(message.method).lp8(message.suites).u8(message.suite).u32(message.association);
      writer.lp8(toUtf8(message.ticket)).bytes(message.statement);
      return writer.bytes(message.key).bytes(message.nonce).bytes(message.signer).done();
    case 3:
      return writer.bytes(message.attempt).bytes(message.key).bytes(message.nonce).lp16(message.kemKey).done();
    case 4:
      return writer.bytes(message.attempt).lp16(message.kemCiphertext).bytes(message.mac).done();
    case 5:
      return writer.bytes(message.attempt).bytes(message.mac).done();
  }
}

/** What of M4 enters the transcript. @param {M4} message */
export function withoutMac(message) {
  return new Writer().u8(4).bytes(message.attempt).lp16(message.kemCiphertext).done();
}

/** @param {Reader} reader */
function ticket(reader) {
  return ascii(reader.lp8(), 'ticket id');
}

/** @param {Reader} reader */
function introduction(reader) {
  const size = reader.u16();
  if (size > MAX_TOKEN_BYTES) throw new TooLarge(`introduction of ${size} bytes`);
  return ascii(reader.bytes(size), 'introduction');
}

/** @param {Uint8Array} raw @param {string} what */
function ascii(raw, what) {
  if (raw.some((byte) => byte > 127)) throw new Malformed(`${what} is not ASCII`);
  return utf8(raw);
}

/** @param {Reader} reader */
function kem(reader) {
  const data = reader.lp16();
  if (data.length > MAX_KEM_BYTES) throw new Malformed('KEM data is too long');
  return data;
}

/** One reader per message type. @type {Record<number, (reader: Reader) => M1 | M2 | M3 | M4 | M5>} */
const LAYOUTS = {
  1: (reader) => ({
    kind: 1,
    mode: reader.u8(),
    attempt: reader.bytes(ATTEMPT_BYTES),
    suites: reader.lp8(),
    secretId: reader.bytes(8),
    ticket: ticket(reader),
    statement: reader.bytes(32),
    introduction: introduction(reader),
    commit: reader.bytes(32),
  }),
  2: (reader) => ({
    kind: 2,
    attempt: reader.bytes(ATTEMPT_BYTES),
    method: reader.u8(),
    suites: reader.lp8(),
    suite: reader.u8(),
    association: reader.u32(),
    ticket: ticket(reader),
    statement: reader.bytes(32),
    key: reader.bytes(32),
    nonce: reader.bytes(32),
    signer: reader.bytes(32),
  }),
  3: (reader) => ({
    kind: 3,
    attempt: reader.bytes(ATTEMPT_BYTES),
    key: reader.bytes(32),
    nonce: reader.bytes(32),
    kemKey: kem(reader),
  }),
  4: (reader) => ({
    kind: 4,
    attempt: reader.bytes(ATTEMPT_BYTES),
    kemCiphertext: kem(reader),
    mac: reader.bytes(32),
  }),
  5: (reader) => ({ kind: 5, attempt: reader.bytes(ATTEMPT_BYTES), mac: reader.bytes(32) }),
};

/**
 * A handshake message; `Malformed` for unknown types and anything that is not exactly its layout.
 * @param {Uint8Array} body
 * @returns {M1 | M2 | M3 | M4 | M5 | NoticeMessage}
 */
export function decode(body) {
  const reader = new Reader(body);
  const kind = reader.u8();
  if (!LAYOUTS[kind] && !NOTICES.has(/** @type {any} */ (kind))) {
    throw new Malformed(`handshake message ${kind} is not known`);
  }
  const message = LAYOUTS[kind]?.(reader) ?? { kind, attempt: reader.bytes(ATTEMPT_BYTES), notice: true };
  reader.end();
  return message;
}
