/** The head of each part of a picture, and the beacon that says which picture is current (docs/protocol.md 5). */

import { Reader, Writer, concat } from '../bytes.js';
import { Malformed } from '../errors.js';
import { MAX_PARTS } from '../limits.js';

export const LIVE = 0;
export const PAUSED = 1;

/**
 * Where a part belongs: picture, group and index there, the picture it changes, its place among the parts.
 * @typedef {{picture: number, group: number, index: number, base: number, part: number, parts: number}} Part
 *
 * What the host signs each second: what is current, and hashes of what led to it (SHA-256, zero where there is nothing):
 * the chain of pictures (../proof.js) where the group starts and at `picture`, the catch-up that led to the group, the slots.
 * @typedef {{counter: number, ms: bigint, picture: number, group: number, state: number, base: number, start: Uint8Array,
 *   chain: Uint8Array, catchup: Uint8Array, slots: Uint8Array}} Beacon
 */
export const SIGNATURE_BYTES = 64;

/** @param {Part} part @param {Uint8Array} data */
export function encodePart(part, data) {
  const head = new Writer().u32(part.picture).u32(part.group).u32(part.index).u32(part.base);
  return concat(head.u16(part.part).u16(part.parts).done(), data);
}

/** @param {Uint8Array} body @returns {{part: Part, data: Uint8Array}} */
export function decodePart(body) {
  const reader = new Reader(body);
  const part = {
    picture: reader.u32(),
    group: reader.u32(),
    index: reader.u32(),
    base: reader.u32(),
    part: reader.u16(),
    parts: reader.u16(),
  };
  if (part.part >= part.parts || part.parts > MAX_PARTS) {
    throw new Malformed('part of a picture with impossible numbers');
  }
  return { part, data: reader.rest() };
}

/** What is signed. @param {Beacon} beacon */
export function encodeBeacon({ counter, ms, picture, group, state, base, start, chain, catchup, slots }) {
  const head = new Writer().u32(counter).u64(ms).u32(picture).u32(group).u8(state).u32(base);
  return head.bytes(start).bytes(chain).bytes(catchup).bytes(slots).done();
}

/**
 * The signature is the last 64 bytes; what comes before it and after the known fields is left for later versions.
 * @param {Uint8Array} body
 * @returns {{beacon: Beacon, signed: Uint8Array, signature: Uint8Array}}
 */
export function decodeBeacon(body) {
  const at = Math.max(0, body.length - SIGNATURE_BYTES);
  const signed = body.subarray(0, at);
  return { beacon: fieldsOf(new Reader(signed)), signed, signature: body.subarray(at) };
}

/** @param {Reader} reader @returns {Beacon} */
function fieldsOf(reader) {
  return {
    counter: reader.u32(),
    ms: reader.u64(),
    picture: reader.u32(),
    group: reader.u32(),
    state: reader.u8(),
    base: reader.u32(),
    start: reader.bytes(32),
    chain: reader.bytes(32),
    catchup: reader.bytes(32),
    slots: reader.bytes(32),
  };
}
