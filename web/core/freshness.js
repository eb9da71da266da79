/**
 * How old the picture on the screen is (docs/protocol.md 5, beacon; 6, HOLD): what is drawn against what the host signs is
 * current. Pure: time is handed in, in milliseconds of one monotonic clock. The host's own clock is in each beacon: what takes
 * longer than the quickest way seen so far is delay, and counts as age. The same as agent/viewer/freshness.py.
 */

import { BEACON_LOST_MS, DRIFT_MS, PICTURE_WANT_MS, STALE_MS } from './limits.js';

export class Freshness {
  drawn = 0;
  #announced = 0;
  #counter = -1;
  #beaconAt = 0;
  #usableAt = 0;
  #currentAt = 0;
  #quickest = Infinity;
  #delay = 0;

  /** Start counting: a welcome, or another connection. What is on the screen is as old as it was. @param {number} now */
  begin(now) {
    this.#beaconAt = this.#usableAt = now;
    if (!this.drawn) this.#currentAt = now;
  }

  /**
   * A signed beacon; `good` when all that is shown is what it vouches for. One that is not newer says nothing.
   * @param {import('./messages/screen.js').Beacon} beacon
   * @param {number} now
   * @param {boolean} good
   */
  beacon({ counter, ms, picture }, now, good) {
    if (counter <= this.#counter) return;
    this.#counter = counter;
    this.#announced = picture;
    this.#beaconAt = now;
    const late = now - Number(ms);
    this.#quickest = Math.min(late, this.#quickest + DRIFT_MS);
    this.#delay = late - this.#quickest;
    if (good && this.drawn >= picture) this.#isCurrent(now);
  }

  /** A part that will be drawn arrived. @param {number} now */
  part(now) {
    this.#usableAt = now;
  }

  /** @param {number} picture @param {number} now @param {boolean} good */
  draw(picture, now, good) {
    this.drawn = picture;
    if (good && picture >= this.#announced) this.#isCurrent(now);
  }

  /** @param {number} now */
  #isCurrent(now) {
    this.#currentAt = Math.max(this.#currentAt, now - this.#delay);
  }

  /** Milliseconds since the drawn picture was known to be the newest. @param {number} now */
  age(now) {
    return now - this.#currentAt;
  }

  /** @param {number} now */
  stale(now) {
    return this.age(now) > STALE_MS;
  }

  /** Whether to ask for a picture: what is shown is old, and nothing usable came for 4 s. @param {number} now */
  wanting(now) {
    const behind = this.#announced > this.drawn || this.stale(now);
    return behind && now - this.#usableAt > PICTURE_WANT_MS;
  }

  /** Whether this relay has gone quiet: no beacon, or (unless the host sends no pictures) nothing that would make the picture current. @param {number} now @param {boolean} paused */
  silent(now, paused) {
    const usefulAt = paused ? this.#beaconAt : Math.max(this.#currentAt, this.#usableAt);
    return now - Math.min(this.#beaconAt, usefulAt) > BEACON_LOST_MS;
  }
}
