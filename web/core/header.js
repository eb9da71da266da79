/** The 24-byte clear header and the framing of messages in a BINARY frame (docs/protocol.md 1 and 2). */

import { Reader, Writer, concat, u32 } from './bytes.js';
import { Malformed, TooLarge } from './errors.js';
import { HEADER_BYTES, MAX_FRAME_BYTES, MAX_MESSAGE_BYTES, MAX_SLOTS } from './limits.js';

export const VERSION = 1;
/** Recipient of what all viewers get. */
export const EVERYONE = 0;

/** Delivery classes: all that a relay knows of a message. */
export const Delivery = Object.freeze({ ORDERED: 1, LATEST: 2, FRAME: 3 });

export const CLASS_MASK = 0x03;
export const Flag = Object.freeze({ RETAIN: 0x04, GROUP: 0x08, CATCHUP: 0x10, LAST: 0x20, FIRST: 0x40 });

/** What a message is about (table of docs/protocol.md 2). */
export const Stream = Object.freeze({
  HANDSHAKE: 1,
  CONTROL: 2,
  INPUT: 3,
  FEEDBACK: 4,
  CLIPBOARD: 5,
  CHAT: 6,
  FILE: 7,
  CURSOR: 16,
  BEACON: 17,
  SCREEN: 32,
  AUDIO: 33,
  RECORDING: 48,
});

/** What a host seals for one viewer, and the class of each. */
export const HOST_PAIRWISE = new Map([
  [Stream.CONTROL, Delivery.ORDERED],
  [Stream.FEEDBACK, Delivery.LATEST],
  [Stream.CLIPBOARD, Delivery.ORDERED],
  [Stream.CHAT, Delivery.ORDERED],
  [Stream.FILE, Delivery.ORDERED],
]);
/** What a host seals for all viewers. */
export const HOST_BROADCAST = new Map([
  [Stream.CURSOR, Delivery.LATEST],
  [Stream.BEACON, Delivery.LATEST],
  [Stream.SCREEN, Delivery.FRAME],
  [Stream.AUDIO, Delivery.FRAME],
]);

/**
 * The clear fields of a message.
 * @typedef {object} Header
 * @property {number} version
 * @property {number} kind class and flags
 * @property {number} stream
 * @property {number} sender
 * @property {number} recipient
 * @property {number} epoch
 * @property {number} slot
 * @property {bigint} seq
 */

/** @param {Partial<Header> & {kind: number, stream: number, sender: number}} fields @returns {Header} */
export function header(fields) {
  return { version: VERSION, recipient: EVERYONE, epoch: 0, slot: 0, seq: 0n, ...fields };
}

/** @param {Header} fields */
export function pack({ version, kind, stream, sender, recipient, epoch, slot, seq }) {
  return new Writer()
    .u8(version)
    .u8(kind)
    .u16(stream)
    .u16(sender)
    .u16(recipient)
    .u32(epoch)
    .u32(slot)
    .u64(seq)
    .done();
}

/**
 * The header at the start of a message; `Malformed` when too short, of another version, or with unknown bits.
 * @param {Uint8Array} message
 * @returns {Header}
 */
export function unpack(message) {
  if (message.length < HEADER_BYTES) throw new Malformed('message shorter than its header');
  const reader = new Reader(message);
  const fields = {
    version: reader.u8(),
    kind: reader.u8(),
    stream: reader.u16(),
    sender: reader.u16(),
    recipient: reader.u16(),
    epoch: reader.u32(),
    slot: reader.u32(),
    seq: reader.u64(),
  };
  if (fields.version !== VERSION) throw new Malformed(`protocol version ${fields.version} is not known`);
  if (fields.kind & 0x80 || !(fields.kind & CLASS_MASK)) throw new Malformed('unknown delivery class or flag');
  return fields;
}

/** The delivery class of a kind byte. @param {number} kind */
export const deliveryOf = (kind) => kind & CLASS_MASK;

/**
 * Whether a message may be what it says: its stream is one of `streams` and has its class, its slot is within its limit.
 * @param {Header} fields
 * @param {Map<number, number>} streams stream → class
 */
export function fits({ kind, stream, slot }, streams) {
  return streams.get(stream) === deliveryOf(kind) && slot < MAX_SLOTS;
}

/** One BINARY frame of messages, each behind its u32 length. @param {Uint8Array[]} messages */
export function joinFrame(messages) {
  return concat(...messages.flatMap((message) => [u32(message.length), message]));
}

/**
 * The messages of a BINARY frame, not copied; `TooLarge` or `Malformed` for lengths over their limit or that do not fit.
 * @param {Uint8Array} frame
 * @returns {Uint8Array[]}
 */
export function splitFrame(frame) {
  if (frame.length > MAX_FRAME_BYTES) throw new TooLarge(`frame of ${frame.length} bytes`);
  const reader = new Reader(frame);
  const messages = [];
  while (reader.left()) {
    const size = reader.left() >= 4 ? reader.u32() : 0;
    if (size > MAX_MESSAGE_BYTES) throw new TooLarge(`message of ${size} bytes`);
    if (size < HEADER_BYTES || size > reader.left()) throw new Malformed('message length does not fit its frame');
    messages.push(reader.bytes(size));
  }
  if (!messages.length) throw new Malformed('empty frame');
  return messages;
}
