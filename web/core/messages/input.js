/** Input from a viewer: keys, buttons, wheel and text in order, pointer places as LATEST (docs/protocol.md 5). */

import { Reader, Writer, decode as utf8, encode as toUtf8 } from '../bytes.js';
import { Malformed, TooLarge } from '../errors.js';
import { MAX_INPUT_EVENTS, MAX_INPUT_TEXT_BYTES } from '../limits.js';

/**
 * @typedef {{type: 'key', down: boolean, keysym: number}} KeyEvent `keysym` of X11; Unicode is 0x01000000 + code point
 * @typedef {{type: 'button', down: boolean, button: number, x: number, y: number}} ButtonEvent 1 left, 2 middle, 3 right, 8 back, 9 forward
 * @typedef {{type: 'wheel', dx: number, dy: number, x: number, y: number}} WheelEvent 120 is one notch, y down positive
 * @typedef {{type: 'text', text: string}} TextEvent finished text
 * @typedef {{type: 'release'}} ReleaseEvent let go of every key and button
 * @typedef {KeyEvent | ButtonEvent | WheelEvent | TextEvent | ReleaseEvent} InputEvent
 */

const KEY = 1;
const BUTTON = 2;
const WHEEL = 3;
const TEXT = 4;
const RELEASE = 5;
const BUTTONS = new Set([1, 2, 3, 8, 9]);

/** @param {Writer} writer @param {InputEvent} event */
function put(writer, event) {
  switch (event.type) {
    case 'key':
      return writer.u8(KEY).u8(+event.down).u32(event.keysym);
    case 'button':
      return writer.u8(BUTTON).u8(+event.down).u8(event.button).u16(event.x).u16(event.y);
    case 'wheel':
      return writer.u8(WHEEL).i16(event.dx).i16(event.dy).u16(event.x).u16(event.y);
    case 'text': {
      const data = toUtf8(event.text);
      if (data.length > MAX_INPUT_TEXT_BYTES) throw new TooLarge(`text input of ${data.length} bytes`);
      return writer.u8(TEXT).lp16(data);
    }
    case 'release':
      return writer.u8(RELEASE);
  }
}

/** The body of an ORDERED input message. @param {InputEvent[]} events @param {number} ms the viewer's monotonic clock */
export function encode(events, ms) {
  const writer = new Writer().u32(ms >>> 0);
  for (const event of events) put(writer, event);
  return writer.done();
}

/** @param {Reader} reader */
function down(reader) {
  const value = reader.u8();
  if (value > 1) throw new Malformed('a key is down or up');
  return value === 1;
}

/** @param {Reader} reader @returns {InputEvent} */
function take(reader) {
  const kind = reader.u8();
  switch (kind) {
    case KEY:
      return { type: 'key', down: down(reader), keysym: reader.u32() };
    case BUTTON: {
      const event = { down: down(reader), button: reader.u8(), x: reader.u16(), y: reader.u16() };
      if (!BUTTONS.has(event.button)) throw new Malformed(`button ${event.button} is not known`);
      return { type: 'button', ...event };
    }
    case WHEEL:
      return { type: 'wheel', dx: reader.i16(), dy: reader.i16(), x: reader.u16(), y: reader.u16() };
    case TEXT: {
      const data = reader.lp16();
      if (data.length > MAX_INPUT_TEXT_BYTES) throw new TooLarge(`text input of ${data.length} bytes`);
      return { type: 'text', text: utf8(data) };
    }
    case RELEASE:
      return { type: 'release' };
    default:
      throw new Malformed(`input event ${kind} is not known`);
  }
}

/** @param {Uint8Array} body @returns {{ms: number, events: InputEvent[]}} */
export function decode(body) {
  const reader = new Reader(body);
  const ms = reader.u32();
  /** @type {InputEvent[]} */
  const events = [];
  while (reader.left()) {
    if (events.length === MAX_INPUT_EVENTS) throw new TooLarge(`more than ${MAX_INPUT_EVENTS} input events`);
    events.push(take(reader));
  }
  return { ms, events };
}

/** The body of a LATEST input message. @param {bigint} after newest ORDERED generation sent before @param {number} x @param {number} y */
export function encodePointer(after, x, y) {
  return new Writer().u64(after).u16(x).u16(y).done();
}

/** @param {Uint8Array} body */
export function decodePointer(body) {
  const reader = new Reader(body);
  const move = { after: reader.u64(), x: reader.u16(), y: reader.u16() };
  reader.end();
  return move;
}

/** Text in pieces that each fit one event, never cut inside a character. @param {string} text @returns {string[]} */
export function pieces(text) {
  const found = [];
  let piece = '';
  for (const char of text) {
    if (toUtf8(piece + char).length > MAX_INPUT_TEXT_BYTES) {
      found.push(piece);
      piece = '';
    }
    piece += char;
  }
  return piece ? [...found, piece] : found;
}
