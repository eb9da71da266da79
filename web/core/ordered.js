/** ORDERED delivery between two ends: generations, acknowledgement, sending again (docs/protocol.md 4). */

import { Reader, Writer } from './bytes.js';
import { TooLarge } from './errors.js';
import { ORDERED_IN_FLIGHT_BYTES, ORDERED_KEPT_BYTES } from './limits.js';

/**
 * One body on its way; `message` is what was sealed of it, kept until acknowledged.
 * @typedef {{stream: number, generation: bigint, content: Uint8Array, message: Uint8Array | null}} Item
 */

/** What this end has said to one peer and not seen acknowledged: 256 KiB on the way, 8 MiB waiting unsealed. */
export class OrderedOut {
  #generations = /** @type {Map<number, bigint>} */ (new Map());
  #sent = /** @type {Item[]} */ ([]);
  #waiting = /** @type {{stream: number, body: Uint8Array}[]} */ ([]);
  #sentBytes = 0;
  #waitingBytes = 0;

  /** Queue a body; `TooLarge` when the peer has not taken 8 MiB. @param {number} stream @param {Uint8Array} body */
  push(stream, body) {
    if (this.#waitingBytes + body.length > ORDERED_KEPT_BYTES) {
      throw new TooLarge('the other side does not take what is sent; try again when it is back');
    }
    this.#waiting.push({ stream, body });
    this.#waitingBytes += body.length;
  }

  /** The next item to seal now, or null when nothing may go. @returns {Item | null} */
  next() {
    const first = this.#waiting[0];
    if (!first || this.full) return null;
    this.#waiting.shift();
    this.#waitingBytes -= first.body.length;
    const generation = this.generation(first.stream) + 1n;
    this.#generations.set(first.stream, generation);
    const content = new Writer().u64(generation).bytes(first.body).done();
    const item = { stream: first.stream, generation, content, message: null };
    this.#sent.push(item);
    this.#sentBytes += content.length;
    return item;
  }

  /** Forget what the peer has. @param {Map<number, bigint>} generations */
  acknowledge(generations) {
    this.#sent = this.#sent.filter((item) => item.generation > (generations.get(item.stream) ?? 0n));
    this.#sentBytes = this.#sent.reduce((size, item) => size + item.content.length, 0);
  }

  /** Everything to send again, byte for byte, in order. @returns {Uint8Array[]} */
  unacknowledged() {
    return this.#sent.flatMap((item) => (item.message ? [item.message] : []));
  }

  /** The newest generation given out on a stream. @param {number} stream */
  generation(stream) {
    return this.#generations.get(stream) ?? 0n;
  }

  /** Nothing more may leave before an acknowledgement. */
  get full() {
    return this.#sentBytes >= ORDERED_IN_FLIGHT_BYTES;
  }
}

/** What this end has taken from one peer: the next generation only. */
export class OrderedIn {
  generations = /** @type {Map<number, bigint>} */ (new Map());

  /**
   * The body when it is the next one; null for one already taken or one ahead (dropped).
   * @param {number} stream
   * @param {Uint8Array} content
   */
  take(stream, content) {
    const reader = new Reader(content);
    const generation = reader.u64();
    if (generation !== (this.generations.get(stream) ?? 0n) + 1n) return null;
    this.generations.set(stream, generation);
    return reader.rest();
  }
}

/** Takes only newer LATEST messages per (stream, slot): a newer key number, or a newer seq under the same one. */
export class Newest {
  #seen = /** @type {Map<string, {number: number, seq: bigint}>} */ (new Map());

  /** Whether this is newer than all before; remembers it if so. @param {import('./header.js').Header} header */
  take({ stream, slot, epoch, seq }) {
    const key = `${stream}/${slot}`;
    const last = this.#seen.get(key);
    if (last && (epoch < last.number || (epoch === last.number && seq <= last.seq))) return false;
    this.#seen.set(key, { number: epoch, seq });
    return true;
  }
}
