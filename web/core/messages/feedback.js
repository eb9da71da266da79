/** Feedback: cumulative acknowledgements of ORDERED, and how far the picture got (docs/protocol.md 5). */

import { Reader, Writer } from '../bytes.js';
import { Malformed } from '../errors.js';
import { MAX_ACKNOWLEDGED } from '../limits.js';

const WANT = 1;
const WELCOMED = 2;

/**
 * @typedef {object} Feedback
 * @property {number} ms the sender's monotonic clock
 * @property {number} picture newest picture drawn
 * @property {number} receiving the picture in progress, 0 when none
 * @property {number} parts its parts so far
 * @property {boolean} want a catch-up picture is asked for
 * @property {boolean} welcomed the sender has its welcome
 * @property {Map<number, bigint>} generations newest taken, by stream
 */

/** @param {Feedback} feedback */
export function encode({ ms, picture, receiving, parts, want, welcomed, generations }) {
  const writer = new Writer().u32(ms >>> 0).u32(picture).u32(receiving).u16(parts);
  writer.u8((want ? WANT : 0) | (welcomed ? WELCOMED : 0)).u8(generations.size);
  for (const [stream, generation] of [...generations].sort(([a], [b]) => a - b)) writer.u16(stream).u64(generation);
  return writer.done();
}

/** @param {Uint8Array} body @returns {Feedback} */
export function decode(body) {
  const reader = new Reader(body);
  const head = { ms: reader.u32(), picture: reader.u32(), receiving: reader.u32(), parts: reader.u16() };
  const flags = reader.u8();
  const count = reader.u8();
  if (count > MAX_ACKNOWLEDGED) throw new Malformed('too many acknowledgements');
  /** @type {Map<number, bigint>} */
  const generations = new Map();
  for (let i = 0; i < count; i++) generations.set(reader.u16(), reader.u64());
  reader.end();
  return { ...head, want: !!(flags & WANT), welcomed: !!(flags & WELCOMED), generations };
}
