/** One finished handshake in use: sealing, opening and ordering between this viewer and its host (docs/protocol.md 4). */

import { Delivery, HOST_PAIRWISE, deliveryOf, fits, header } from './header.js';
import { Newest, OrderedIn, OrderedOut } from './ordered.js';
import { Opener, Sealer } from './seal.js';

/** @typedef {import('./header.js').Header} Header */

export class Pair {
  out = new OrderedOut();
  incoming = new OrderedIn();
  #newest = new Newest();
  /** Sealing is asynchronous: one after another, so that messages leave in the order of their seq. */
  #tail = /** @type {Promise<unknown>} */ (Promise.resolve());
  #closed = false;

  /**
   * @param {number} number of the association
   * @param {{sealer: Sealer, opener: Opener, me: number, peer: number}} ends
   * @param {(message: Uint8Array) => void} send
   */
  constructor(number, ends, send) {
    this.number = number;
    this.ends = ends;
    this.send = send;
  }

  /**
   * @param {import('./handshake.js').Association} association
   * @param {number} me sender id of this viewer
   * @param {number} peer sender id of the host
   * @param {(message: Uint8Array) => void} send hands a sealed message to the connection
   */
  static async from(association, me, peer, send) {
    const sealer = await Sealer.from(association.viewerToHost, association.number, me);
    const opener = await Opener.from(association.hostToViewer, association.number, peer);
    return new Pair(association.number, { sealer, opener, me, peer }, send);
  }

  /** Say a body on an ORDERED stream. @param {number} stream @param {Uint8Array} body */
  say(stream, body) {
    this.out.push(stream, body);
    this.pump();
  }

  /** Seal what the window lets out. */
  pump() {
    for (let item = this.out.next(); item; item = this.out.next()) {
      const kept = item;
      this.#seal(Delivery.ORDERED, kept.stream, kept.content, (message) => {
        kept.message = message;
      });
    }
  }

  /** Say a LATEST body. @param {number} stream @param {Uint8Array} body */
  latest(stream, body) {
    this.#seal(Delivery.LATEST, stream, body, () => {});
  }

  /** Send again everything the peer has not acknowledged, behind what is being sealed. */
  resend() {
    this.#then(async () => this.out.unacknowledged().forEach(this.send));
  }

  /** @param {Map<number, bigint>} generations what the peer has */
  acknowledge(generations) {
    this.out.acknowledge(generations);
    this.pump();
  }

  /** Nothing more leaves under this association. */
  close() {
    this.#closed = true;
  }

  /**
   * The body of a message of the host, or null when it is of another association, of a stream or class that is not sealed
   * pairwise, known already or out of turn.
   * Throws `Forged` when it was not sealed by the peer; ask `broken` whether that was once too often.
   * @param {Header} fields
   * @param {Uint8Array} message
   */
  async open(fields, message) {
    if (fields.epoch !== this.number || fields.sender !== this.ends.peer || !fits(fields, HOST_PAIRWISE)) return null;
    const content = await this.ends.opener.open(message);
    if (deliveryOf(fields.kind) === Delivery.ORDERED) return this.incoming.take(fields.stream, content);
    return this.#newest.take(fields) ? content : null;
  }

  /** When everything said so far was handed to the connection. @returns {Promise<unknown>} */
  settled() {
    return this.#tail;
  }

  get broken() {
    return this.ends.opener.broken;
  }

  /** A new connection: forgeries are counted anew. */
  forgive() {
    this.ends.opener.forgeries = 0;
  }

  get worn() {
    return this.ends.sealer.worn;
  }

  /**
   * @param {number} kind
   * @param {number} stream
   * @param {Uint8Array} content
   * @param {(message: Uint8Array) => void} keep
   */
  #seal(kind, stream, content, keep) {
    const { sealer, me, peer } = this.ends;
    const sealed = sealer.seal(header({ kind, stream, sender: me, recipient: peer }), content);
    this.#then(async () => {
      const message = await sealed;
      keep(message);
      this.send(message);
    });
  }

  /** @param {() => Promise<void>} action */
  #then(action) {
    this.#tail = this.#tail.then(() => (this.#closed ? undefined : action())).catch(reportError);
  }
}
