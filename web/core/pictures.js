/**
 * Which parts of the picture stream may be drawn: the table BLIND / SYNC / HOLD of docs/protocol.md 6.
 * No clock and no pixels: parts in, whole compressed pictures out.
 */

import { concat } from './bytes.js';
import { Flag } from './header.js';
import { MAX_PICTURE_BYTES } from './limits.js';

export const BLIND = 'blind';
export const SYNC = 'sync';
export const HOLD = 'hold';

/**
 * @typedef {import('./messages/screen.js').Part} Part
 *
 * A whole picture for the decoder.
 * @typedef {object} Picture
 * @property {number} number
 * @property {number} group that it belongs or leads to
 * @property {boolean} catchup covers everything and has a compressor of its own
 * @property {boolean} first starts its group's compressor
 * @property {Uint8Array<ArrayBuffer>} data
 *
 * A picture whose parts are arriving.
 * @typedef {{part: Part, epoch: number, catchup: boolean, chunks: Uint8Array[], bytes: number}} Assembly
 */

export class PictureStream {
  state = BLIND;
  /** Newest picture given to the decoder, the group it leads to and the index expected there. */
  picture = 0;
  group = 0;
  index = 0;
  epoch = 0;
  #live = /** @type {Assembly | null} */ (null);
  #catchup = /** @type {Assembly | null} */ (null);

  /** The picture in progress and its parts so far, for feedback. */
  get progress() {
    const assembly = this.#catchup ?? this.#live;
    return { receiving: assembly?.part.picture ?? 0, parts: assembly?.chunks.length ?? 0 };
  }

  /** The stream is not whole any more: a lost connection, a picture that could not be decoded. */
  lost() {
    this.#live = this.#catchup = null;
    if (this.state === SYNC) this.state = HOLD;
  }

  /** Nothing of the picture is to be trusted any more: another host process. */
  reset() {
    this.lost();
    this.state = BLIND;
  }

  /**
   * Take a part. `usable` tells whether it was of any use, `picture` is set when it was the last of a whole one.
   * @param {{kind: number, epoch: number}} header
   * @param {Part} part
   * @param {Uint8Array} data
   * @returns {{usable: boolean, picture: Picture | null}}
   */
  take({ kind, epoch }, part, data) {
    return kind & Flag.CATCHUP ? this.#takeCatchup(epoch, part, data) : this.#takeLive(kind, epoch, part, data);
  }

  /** @param {number} epoch @param {Part} part @param {Uint8Array} data */
  #takeCatchup(epoch, part, data) {
    if (part.part === 0) this.#catchup = this.#older(epoch, part) ? null : begin(epoch, part, true);
    const assembly = this.#catchup;
    if (!assembly || !follows(assembly, epoch, part)) return { usable: false, picture: null };
    add(assembly, data);
    if (assembly.chunks.length < part.parts) return { usable: true, picture: null };
    this.#live = this.#catchup = null;
    this.state = SYNC;
    Object.assign(this, { picture: part.picture, group: part.group, index: 0, epoch });
    return { usable: true, picture: whole(assembly) };
  }

  /** @param {number} kind @param {number} epoch @param {Part} part @param {Uint8Array} data */
  #takeLive(kind, epoch, part, data) {
    const useless = { usable: false, picture: null };
    if (this.state !== SYNC || epoch < this.epoch || (epoch === this.epoch && part.picture <= this.picture)) return useless;
    if (part.part === 0) {
      if (this.#live || !this.#expected(kind, part)) return this.#hold();
      this.#live = begin(epoch, part, false);
    }
    const assembly = this.#live;
    if (!assembly || !follows(assembly, epoch, part)) return this.#hold();
    add(assembly, data);
    if (assembly.chunks.length < part.parts) return { usable: true, picture: null };
    this.#live = null;
    Object.assign(this, { picture: part.picture, group: part.group, index: part.index + 1, epoch });
    return { usable: true, picture: whole(assembly) };
  }

  /** A catch-up of a picture before the one shown is a replay. @param {number} epoch @param {Part} part */
  #older(epoch, part) {
    if (this.state === BLIND) return false;
    return epoch < this.epoch || (epoch === this.epoch && part.picture < this.picture);
  }

  /** @param {number} kind @param {Part} part */
  #expected(kind, part) {
    if (part.base !== this.picture || !!(kind & Flag.GROUP) !== (part.index === 0)) return false;
    return part.index === 0 || (part.group === this.group && part.index === this.index);
  }

  #hold() {
    this.#live = null;
    this.state = HOLD;
    return { usable: false, picture: null };
  }
}

/** @param {number} epoch @param {Part} part @param {boolean} catchup @returns {Assembly} */
function begin(epoch, part, catchup) {
  return { part, epoch, catchup, chunks: [], bytes: 0 };
}

/** Whether a part is the next of a picture. @param {Assembly} assembly @param {number} epoch @param {Part} part */
function follows(assembly, epoch, part) {
  const { picture, group, index, parts } = assembly.part;
  if (part.picture !== picture || part.group !== group || part.index !== index || part.parts !== parts) return false;
  return epoch === assembly.epoch && part.part === assembly.chunks.length && assembly.bytes <= MAX_PICTURE_BYTES;
}

/** @param {Assembly} assembly @param {Uint8Array} data */
function add(assembly, data) {
  assembly.chunks.push(data);
  assembly.bytes += data.length;
}

/** @param {Assembly} assembly @returns {Picture} */
function whole({ part, catchup, chunks }) {
  return { number: part.picture, group: part.group, catchup, first: catchup || part.index === 0, data: concat(...chunks) };
}
