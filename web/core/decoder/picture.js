/**
 * Compressed pictures in, one RGBA framebuffer and its changed rectangles out (docs/protocol.md 6).
 * Everything is bounded before it is allocated: sizes by limits.js, pixels by the rectangles that were announced.
 */

import { Reader } from '../bytes.js';
import { PictureError } from '../errors.js';
import { MAX_PICTURE_PIXELS, MAX_RECTANGLES, MAX_SIDE_PIXELS } from '../limits.js';
import { drawLossless } from './med.js';
import { ZstdStream } from './zstd.js';

const HEAD_BYTES = 6;
const RECTANGLE_BYTES = 9;
const LOSSLESS = 1;

/** @typedef {{x: number, y: number, w: number, h: number}} Rectangle */

/** Collects decompressed chunks until a wanted number of bytes is there, then calls back; resumable at any byte. */
class Steps {
  #buffer = new Uint8Array(HEAD_BYTES);
  #filled = 0;

  /** @param {(bytes: Uint8Array) => number} step gets what it asked for, returns how much it wants next; 0 at the end */
  constructor(step) {
    this.step = step;
  }

  /** @param {Uint8Array} chunk */
  feed(chunk) {
    for (let at = 0; at < chunk.length; ) {
      if (this.done) throw new PictureError('picture with too much data');
      const size = Math.min(this.#buffer.length - this.#filled, chunk.length - at);
      this.#buffer.set(chunk.subarray(at, at + size), this.#filled);
      this.#filled += size;
      at += size;
      if (this.#filled === this.#buffer.length) this.#next();
    }
  }

  get done() {
    return this.#buffer.length === 0;
  }

  #next() {
    this.#buffer = new Uint8Array(this.step(this.#buffer));
    this.#filled = 0;
  }
}

/** Size and number of rectangles, within their limits. @param {Uint8Array} bytes */
function headOf(bytes) {
  const reader = new Reader(bytes);
  const width = reader.u16();
  const height = reader.u16();
  const count = reader.u16();
  if (!width || !height || width > MAX_SIDE_PIXELS || height > MAX_SIDE_PIXELS) {
    throw new PictureError('picture size out of bounds');
  }
  if (width * height > MAX_PICTURE_PIXELS) throw new PictureError('picture with too many pixels');
  if (count > MAX_RECTANGLES) throw new PictureError('picture with too many rectangles');
  return { width, height, count };
}

/** @param {Uint8Array} bytes @param {number} width @param {number} height @returns {Rectangle[]} */
function rectanglesOf(bytes, width, height) {
  const reader = new Reader(bytes);
  const rectangles = [];
  let area = 0;
  while (reader.left()) {
    if (reader.u8() !== LOSSLESS) throw new PictureError('a coding that was not offered');
    const rectangle = { x: reader.u16(), y: reader.u16(), w: reader.u16(), h: reader.u16() };
    const { x, y, w, h } = rectangle;
    area += w * h;
    if (!w || !h || x + w > width || y + h > height) throw new PictureError('rectangle outside the picture');
    rectangles.push(rectangle);
  }
  if (area > 2 * width * height) throw new PictureError('rectangles hold more than twice the picture');
  return rectangles;
}

export class PictureDecoder {
  width = 0;
  height = 0;
  pixels = new Uint8ClampedArray(0);
  #group = /** @type {ZstdStream | null} */ (null);

  /**
   * Decode one picture into the framebuffer; `PictureError` for anything that is not exactly the layout.
   * @param {{data: Uint8Array, first: boolean, catchup: boolean}} picture
   * @returns {{resized: boolean, rectangles: Rectangle[]}}
   */
  decode({ data, first, catchup }) {
    const before = { width: this.width, height: this.height };
    const rectangles = this.#draw(this.#stream(first, catchup), data, catchup);
    return { resized: before.width !== this.width || before.height !== this.height, rectangles };
  }

  /** @param {boolean} first @param {boolean} catchup */
  #stream(first, catchup) {
    if (catchup) return new ZstdStream();
    if (first) this.#group = new ZstdStream();
    if (!this.#group) throw new PictureError('picture without its group');
    return this.#group;
  }

  /** @param {ZstdStream} stream @param {Uint8Array} data @param {boolean} catchup */
  #draw(stream, data, catchup) {
    /** @type {Rectangle[]} */
    let rectangles = [];
    let size = { width: 0, height: 0 };
    let next = 0;
    const wanted = () => (next < rectangles.length ? 3 * rectangles[next].w * rectangles[next].h : 0);
    /** The three kinds of pieces, in their order. @type {((bytes: Uint8Array) => number)[]} */
    const head = [
      (bytes) => {
        const { count, ...told } = headOf(bytes);
        size = told;
        if (!count) this.#begin(size, [], catchup);
        return count * RECTANGLE_BYTES;
      },
      (bytes) => {
        rectangles = rectanglesOf(bytes, size.width, size.height);
        this.#begin(size, rectangles, catchup);
        return wanted();
      },
    ];
    const steps = new Steps((bytes) => {
      const begin = head.shift();
      if (begin) return begin(bytes);
      drawLossless(bytes, rectangles[next++], this.pixels, this.width);
      return wanted();
    });
    stream.push(data, (chunk) => steps.feed(chunk));
    if (!steps.done) throw new PictureError('picture ends early');
    return rectangles;
  }

  /**
   * Takes the size, starting from black where it is new. Nothing of before may show through a catch-up or a new size.
   * @param {{width: number, height: number}} size
   * @param {Rectangle[]} rectangles
   * @param {boolean} catchup
   */
  #begin({ width, height }, rectangles, catchup) {
    const resized = width !== this.width || height !== this.height;
    if ((resized || catchup) && !covers(rectangles[0], width, height)) {
      throw new PictureError('picture that must cover everything does not');
    }
    if (resized) this.#resize(width, height);
  }

  /** @param {number} width @param {number} height */
  #resize(width, height) {
    this.pixels = new Uint8ClampedArray(width * height * 4);
    for (let i = 3; i < this.pixels.length; i += 4) this.pixels[i] = 255;
    this.width = width;
    this.height = height;
  }
}

/** Whether the first rectangle is the whole picture. @param {Rectangle | undefined} first @param {number} width @param {number} height */
function covers(first, width, height) {
  return first !== undefined && first.x === 0 && first.y === 0 && first.w === width && first.h === height;
}
