/**
 * The host's screen as it arrives: parts into pictures, how old the newest is, and when to ask for another
 * (docs/protocol.md 5 and 6). Pure: time is handed in, in milliseconds of one monotonic clock.
 */

import { Freshness } from './freshness.js';
import { PAUSED, decodePart } from './messages/screen.js';
import { PictureStream, SYNC } from './pictures.js';
import { PictureProof, Slots, openBeacon } from './proof.js';

export class Screen {
  #pictures = new PictureStream();
  #freshness = new Freshness();
  #proof = new PictureProof();
  #slots = { epoch: 0, of: new Slots() };
  #slotsFit = true;
  #origin = /** @type {import('./proof.js').Origin | null} */ (null);
  #want = false;

  /** Start counting anew: a welcome, or the host is there again. @param {number} now */
  begin(now) {
    this.#freshness.begin(now);
  }

  /** The connection was lost, and parts with it. */
  lost() {
    this.#pictures.lost();
  }

  /** Another association: nothing of before is to be trusted. @param {import('./proof.js').Origin | null} origin whose beacons are believed from now on */
  reset(origin) {
    this.#pictures.reset();
    this.#freshness = new Freshness();
    this.#proof = new PictureProof();
    this.#slots = { epoch: 0, of: new Slots() };
    this.#origin = origin;
    this.#want = false;
  }

  /**
   * A part; `usable` tells whether it will be drawn, `picture` is set with the last part of one.
   * @param {{kind: number, epoch: number}} header
   * @param {Uint8Array} body
   * @param {number} now
   */
  async part(header, body, now) {
    const { part, data } = decodePart(body);
    const taken = this.#pictures.take(header, part, data);
    if (taken.usable) {
      this.#freshness.part(now);
      this.#want = false;
    }
    if (taken.picture) {
      const { number, group, catchup } = taken.picture;
      await (catchup ? this.#proof.restart(number, group, taken.picture.data) : this.#proof.add(number, group, taken.picture.data));
      this.#distrust();
    }
    return taken;
  }

  /**
   * A beacon; tells whether the customer has paused. `Forged` unless the host signed it: whoever else holds the epoch's key
   * cannot.
   * @param {import('./header.js').Header} header
   * @param {Uint8Array} body
   * @param {number} now
   */
  async beacon(header, body, now) {
    if (!this.#origin) return false;
    const beacon = await openBeacon(this.#origin, header.epoch, body);
    await this.#proof.beacon(beacon);
    this.#distrust();
    this.#slotsFit = await this.#slotsOf(header.epoch).fits(beacon, header.seq);
    this.#freshness.beacon(beacon, now, this.#trusted);
    return beacon.state === PAUSED;
  }

  /** A LATEST message to all viewers, whatever it is about. @param {import('./header.js').Header} header @param {Uint8Array} body */
  async latest(header, body) {
    await this.#slotsOf(header.epoch).note(header, body);
  }

  /** A new epoch says everything again. @param {number} epoch */
  #slotsOf(epoch) {
    if (epoch > this.#slots.epoch) this.#slots = { epoch, of: new Slots() };
    return epoch === this.#slots.epoch ? this.#slots.of : new Slots();
  }

  /** Whether what is shown came whole, in order, and is what the host signed. */
  get #trusted() {
    return this.#pictures.state === SYNC && this.#proof.proved && this.#slotsFit;
  }

  /** Stop taking for current what the host did not sign. */
  #distrust() {
    if (this.#proof.false && this.#pictures.state === SYNC) this.failed();
  }

  /** The decoder has drawn a picture. @param {number} picture @param {number} now */
  drawn(picture, now) {
    this.#freshness.draw(picture, now, this.#trusted);
  }

  /** The decoder could not: only a catch-up helps. */
  failed() {
    this.#pictures.lost();
    this.#want = true;
  }

  /** Ask for a picture if none of use has come for too long. @param {number} now */
  tick(now) {
    if (this.#freshness.wanting(now)) this.#want = true;
  }

  /** For so long nothing came that another relay should be tried. @param {number} now @param {boolean} paused */
  silent(now, paused) {
    return this.#freshness.silent(now, paused);
  }

  /** Whether what is shown is what the host has now. @param {number} now */
  current(now) {
    return this.#pictures.state === SYNC && !this.#freshness.stale(now);
  }

  /** By how many milliseconds the picture is behind, in whole seconds; 0 while it is current. @param {number} now */
  age(now) {
    return this.#freshness.stale(now) ? Math.round(this.#freshness.age(now) / 1000) * 1000 : 0;
  }

  /** What feedback says of it. */
  get feedback() {
    return { picture: this.#freshness.drawn, ...this.#pictures.progress, want: this.#want };
  }
}
