/**
 * The host's screen as it arrives: parts into pictures, how old the newest is, and when to ask for another
 * (docs/protocol.md 5 and 6). Pure: time is handed in, in milliseconds of one monotonic clock.
 */

import { Freshness } from './freshness.js';
import { PAUSED, decodeBeacon, decodePart } from './messages/screen.js';
import { PictureStream, SYNC } from './pictures.js';

export class Screen {
  #pictures = new PictureStream();
  #freshness = new Freshness();
  #want = false;

  /** Start counting anew: a welcome, or the host is there again. @param {number} now */
  begin(now) {
    this.#freshness.begin(now);
  }

  /** The connection was lost, and parts with it. */
  lost() {
    this.#pictures.lost();
  }

  /** Another association: nothing of before is to be trusted. */
  reset() {
    this.#pictures.reset();
  }

  /**
   * A part; `usable` tells whether it will be drawn, `picture` is set with the last part of one.
   * @param {{kind: number, epoch: number}} header
   * @param {Uint8Array} body
   * @param {number} now
   */
  part(header, body, now) {
    const { part, data } = decodePart(body);
    const taken = this.#pictures.take(header, part, data);
    if (taken.usable) {
      this.#freshness.part(now);
      this.#want = false;
    }
    return taken;
  }

  /** A beacon; tells whether the customer has paused. @param {Uint8Array} body @param {number} now */
  beacon(body, now) {
    const beacon = decodeBeacon(body);
    this.#freshness.beacon(beacon.picture, now);
    return beacon.state === PAUSED;
  }

  /** The decoder has drawn a picture. @param {number} picture @param {number} now */
  drawn(picture, now) {
    this.#freshness.draw(picture, now);
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

  /** No beacon for so long that another relay should be tried. @param {number} now */
  silent(now) {
    return this.#freshness.silent(now);
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
