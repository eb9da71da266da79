/**
 * One zstd stream that is flushed after every picture (docs/protocol.md 6), on fzstd.
 *
 * The blocks are walked here first (RFC 8878 3.1.1), so that nothing unbounded reaches the library: window and block
 * sizes, a data end inside a block, a second frame. What comes out is limited by the caller, chunk by chunk.
 */

import { Decompress } from '../../vendor/fzstd/fzstd.js';
import { concat } from '../bytes.js';
import { PictureError } from '../errors.js';
import { ZSTD_BLOCK_BYTES, ZSTD_WINDOW_BYTES } from '../limits.js';

const MAGIC = 0xfd2fb528;
/** A raw block of no bytes. fzstd needs 18 bytes before it starts, so a short first picture is followed by some of these. */
const EMPTY_BLOCK = 3;
const START_BYTES = 18;

/** @param {Uint8Array} data @param {number} at @param {number} size little-endian */
function number(data, at, size) {
  if (at + size > data.length) throw new PictureError('compressed data ends early');
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + data[at + i];
  return value;
}

/** @param {Uint8Array} data @param {number} flags @returns {number} */
function windowBytes(data, flags) {
  if (flags & 0x20) return number(data, 5 + dictionaryBytes(flags), contentSizeBytes(flags));
  const descriptor = number(data, 5, 1);
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** @param {number} flags */
const dictionaryBytes = (flags) => [0, 1, 2, 4][flags & 3];

/** @param {number} flags */
function contentSizeBytes(flags) {
  const code = flags >> 6;
  return code ? 2 ** code : (flags >> 5) & 1;
}

/** Checks a frame header (RFC 8878 3.1.1.1) and gives its size and check-sum size. @param {Uint8Array} data */
function frameHeader(data) {
  if (number(data, 0, 4) !== MAGIC) throw new PictureError('not a zstd stream');
  const flags = number(data, 4, 1);
  if (flags & 0x08 || dictionaryBytes(flags)) throw new PictureError('a zstd stream of a kind that is not used here');
  if (windowBytes(data, flags) > ZSTD_WINDOW_BYTES) throw new PictureError('zstd window over its limit');
  const size = 5 + (flags & 0x20 ? 0 : 1) + contentSizeBytes(flags);
  return { size, checksum: flags & 0x04 ? 4 : 0 };
}

export class ZstdStream {
  #out = /** @type {(chunk: Uint8Array) => void} */ (() => {});
  #library = new Decompress((chunk) => this.#out(chunk));
  #started = false;
  #ended = false;
  #checksum = 0;

  /**
   * Decompress one flushed piece; `out` gets chunks of at most 128 KiB and may throw to stop.
   * After any error the stream is of no more use.
   * @param {Uint8Array} data
   * @param {(chunk: Uint8Array) => void} out
   */
  push(data, out) {
    if (this.#ended) throw new PictureError('data after the end of a zstd stream');
    const whole = this.#checked(data);
    this.#out = out;
    try {
      this.#library.push(whole, this.#ended);
    } catch (error) {
      this.#ended = true;
      throw error instanceof PictureError ? error : new PictureError('zstd data is damaged');
    }
  }

  /**
   * What the library is to get. It would keep every past input alive if its input buffer ran empty, so one byte of an
   * empty block is always left with it and completed by the next piece.
   * @param {Uint8Array} data
   */
  #checked(data) {
    const first = !this.#started;
    const start = first ? this.#start(data) : 0;
    this.#walk(data, start);
    const before = new Uint8Array(first ? 0 : EMPTY_BLOCK - 1);
    if (this.#ended) return concat(before, data);
    const fill = first ? Math.ceil(START_BYTES / EMPTY_BLOCK) * EMPTY_BLOCK : 0;
    return concat(before, data, new Uint8Array(fill + 1));
  }

  /** @param {Uint8Array} data */
  #start(data) {
    const { size, checksum } = frameHeader(data);
    this.#started = true;
    this.#checksum = checksum;
    return size;
  }

  /** Whole blocks to the end, each within its limit. @param {Uint8Array} data @param {number} at */
  #walk(data, at) {
    while (at < data.length) {
      if (this.#ended) throw new PictureError('data after the end of a zstd stream');
      const head = number(data, at, 3);
      const size = head >> 3;
      if (size > ZSTD_BLOCK_BYTES) throw new PictureError('zstd block over its limit');
      at += 3 + (((head >> 1) & 3) === 1 ? 1 : size);
      this.#ended = (head & 1) === 1;
      if (this.#ended) at += this.#checksum;
    }
    if (at !== data.length) throw new PictureError('compressed data ends early');
  }
}
