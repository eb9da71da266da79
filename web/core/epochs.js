/** The epoch keys of host → viewers messages: the newest, and older ones until they are no longer needed (docs/protocol.md 9). */

import { Delivery, Flag, HOST_BROADCAST, Stream, deliveryOf, fits } from './header.js';
import { MAX_EPOCH_KEYS } from './limits.js';
import { Newest } from './ordered.js';
import { Opener } from './seal.js';

export class Epochs {
  #openers = /** @type {Map<number, Opener>} */ (new Map());
  #newest = new Newest();

  /** @param {number} host sender id */
  constructor(host) {
    this.host = host;
  }

  /** A key from a `welcome` or `epoch`. @param {number} epoch @param {Uint8Array} secret */
  async add(epoch, secret) {
    if (this.#openers.has(epoch)) return;
    this.#openers.set(epoch, await Opener.from(secret, epoch, this.host));
    const kept = [...this.#openers.keys()].sort((a, b) => b - a).slice(0, MAX_EPOCH_KEYS);
    for (const number of this.#openers.keys()) if (!kept.includes(number)) this.#openers.delete(number);
  }

  /**
   * The content of a message to all viewers, or null when its key is not known, its stream or class is not sealed with
   * epoch keys, or a newer one of its slot was taken.
   * Throws `Forged` when it was not sealed by the host.
   * @param {import('./header.js').Header} fields
   * @param {Uint8Array} message
   */
  async open(fields, message) {
    const opener = fields.sender === this.host ? this.#openers.get(fields.epoch) : undefined;
    if (!opener || !fits(fields, HOST_BROADCAST)) return null;
    const content = await opener.open(message);
    const delivery = deliveryOf(fields.kind);
    if (delivery === Delivery.LATEST) return this.#newest.take(fields) ? content : null;
    if (fields.stream === Stream.SCREEN && !(fields.kind & Flag.CATCHUP)) this.#retire(fields.epoch);
    return content;
  }

  get broken() {
    return [...this.#openers.values()].some((opener) => opener.broken);
  }

  /** A new connection: forgeries are counted anew. */
  forgive() {
    for (const opener of this.#openers.values()) opener.forgeries = 0;
  }

  /** The first live FRAME of an epoch ends the older ones. @param {number} epoch */
  #retire(epoch) {
    for (const number of this.#openers.keys()) if (number < epoch) this.#openers.delete(number);
  }
}
