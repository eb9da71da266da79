/**
 * How old the picture on the screen is (docs/protocol.md 5, beacon; 6, HOLD): what is drawn against what the host says is
 * current. Pure: time is handed in, in milliseconds of one monotonic clock.
 */

import { BEACON_LOST_MS, PICTURE_WANT_MS, STALE_MS } from './limits.js';

export class Freshness {
  drawn = 0;
  #announced = 0;
  #beaconAt = 0;
  #usableAt = 0;
  #currentAt = 0;

  /** Start counting: a welcome, or a new connection. @param {number} now */
  begin(now) {
    this.#beaconAt = this.#usableAt = this.#currentAt = now;
  }

  /** @param {number} picture the newest the host made @param {number} now */
  beacon(picture, now) {
    this.#announced = picture;
    this.#beaconAt = now;
    if (this.drawn >= picture) this.#currentAt = now;
  }

  /** A part that will be drawn arrived. @param {number} now */
  part(now) {
    this.#usableAt = now;
  }

  /** @param {number} picture @param {number} now */
  draw(picture, now) {
    this.drawn = picture;
    if (picture >= this.#announced) this.#currentAt = now;
  }

  /** Milliseconds since the drawn picture was known to be the newest. @param {number} now */
  age(now) {
    return now - this.#currentAt;
  }

  /** @param {number} now */
  stale(now) {
    return this.age(now) > STALE_MS;
  }

  /** Whether to ask for a picture: the host is ahead and nothing usable came for 4 s. @param {number} now */
  wanting(now) {
    return this.#announced > this.drawn && now - this.#usableAt > PICTURE_WANT_MS;
  }

  /** Whether this relay has gone quiet. @param {number} now */
  silent(now) {
    return now - this.#beaconAt > BEACON_LOST_MS;
  }
}
