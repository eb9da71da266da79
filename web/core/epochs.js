/** The epoch keys of host → viewers messages: the newest, and the one before until it is no longer needed (docs/protocol.md 9). */

import { Delivery, Flag, deliveryOf } from './header.js';
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
    const kept = [...this.#openers.keys()].sort((a, b) => b - a).slice(0, 2);
    for (const number of this.#openers.keys()) if (!kept.includes(number)) this.#openers.delete(number);
  }

  /**
   * The content of a message to all viewers, or null when its key is not known or a newer one of its slot was taken.
   * Throws `Forged` when it was not sealed by the host.
   * @param {import('./header.js').Header} fields
   * @param {Uint8Array} message
   */
  async open(fields, message) {
    const opener = fields.sender === this.host ? this.#openers.get(fields.epoch) : undefined;
    if (!opener) return null;
    const content = await opener.open(message);
    const delivery = deliveryOf(fields.kind);
    if (delivery === Delivery.LATEST) return this.#newest.take(fields) ? content : null;
    if (delivery === Delivery.FRAME && !(fields.kind & Flag.CATCHUP)) this.#retire(fields.epoch);
    return content;
  }

  get broken() {
    return [...this.#openers.values()].some((opener) => opener.broken);
  }

  /** The first live FRAME of an epoch ends the older ones. @param {number} epoch */
  #retire(epoch) {
    for (const number of this.#openers.keys()) if (number < epoch) this.#openers.delete(number);
  }
}
