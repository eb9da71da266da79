/** The head of each part of a picture, and the beacon that says which picture is current (docs/protocol.md 5). */

import { Reader, Writer, concat } from '../bytes.js';
import { Malformed } from '../errors.js';
import { MAX_PARTS } from '../limits.js';

export const LIVE = 0;
export const PAUSED = 1;

/**
 * Where a part belongs: picture, group and index there, the picture it changes, its place among the parts.
 * @typedef {{picture: number, group: number, index: number, base: number, part: number, parts: number}} Part
 * @typedef {{counter: number, ms: bigint, picture: number, group: number, state: number}} Beacon
 */

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

/** @param {Beacon} beacon */
export function encodeBeacon({ counter, ms, picture, group, state }) {
  return new Writer().u32(counter).u64(ms).u32(picture).u32(group).u8(state).done();
}

/** What follows the known fields is left for later versions. @param {Uint8Array} body @returns {Beacon} */
export function decodeBeacon(body) {
  const reader = new Reader(body);
  return {
    counter: reader.u32(),
    ms: reader.u64(),
    picture: reader.u32(),
    group: reader.u32(),
    state: reader.u8(),
  };
}
