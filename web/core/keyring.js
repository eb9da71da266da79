/**
 * The keys in hand: those of this association and the epochs it told of. Opens what the host sealed, and knows how far
 * the host is proved. Nothing that comes in clear changes any of it.
 */

import { Epochs } from './epochs.js';
import { Pair } from './pair.js';

/** What was opened. @typedef {{pairwise: boolean, body: Uint8Array}} Opened */

export class Keyring {
  pair = /** @type {Pair | null} */ (null);
  epochs;
  /** A sealed welcome came under these keys: the host let this viewer in. */
  welcomed = false;
  /**
   * The customer is known to be the one who let it in: a secret says so, or the operator heard it from them. Only the
   * customer's side compares digits, so a welcome alone could be that of somebody in between.
   */
  confirmed = false;
  /** The host that is there now has said something under these keys. */
  heard = false;

  /** @param {number} me sender id of this viewer @param {number} host sender id @param {(message: Uint8Array) => void} send */
  constructor(me, host, send) {
    this.me = me;
    this.host = host;
    this.send = send;
    this.epochs = new Epochs(host);
  }

  /** New keys. @param {import('./handshake.js').Association} association @param {boolean} confirmed */
  async take(association, confirmed) {
    this.drop();
    this.confirmed = confirmed;
    this.pair = await Pair.from(association, this.me, this.host, this.send);
  }

  /** Nothing more is sealed or opened under the keys in hand. */
  drop() {
    this.pair?.close();
    this.pair = null;
    this.epochs = new Epochs(this.host);
    this.welcomed = this.confirmed = this.heard = false;
  }

  /** The body of a message of the host, or null when it is to be dropped. Throws `Forged` when somebody else sealed it. @param {import('./header.js').Header} fields @param {Uint8Array} message @returns {Promise<Opened | null>} */
  async open(fields, message) {
    const { pair, epochs } = this;
    if (fields.recipient === 0) {
      const body = await epochs.open(fields, message);
      return body && epochs === this.epochs ? { pairwise: false, body } : null;
    }
    const body = fields.recipient === this.me ? await pair?.open(fields, message) : null;
    if (!body || pair !== this.pair) return null;
    this.heard = true;
    return { pairwise: true, body };
  }

  /** So many forgeries under one key that the connection is to be torn down. */
  get broken() {
    return this.epochs.broken || (this.pair?.broken ?? false);
  }

  /** A new connection: forgeries are counted anew. */
  forgive() {
    this.epochs.forgive();
    this.pair?.forgive();
  }
}
