/**
 * What keeps the picture honest among viewers who share its key (docs/protocol.md 5, beacon), as in wire/proof.py.
 *
 * Everybody who was let in holds the epoch key; what the host *signs* nobody else can say. Each beacon names a chain of hashes
 * over all pictures, so that one that is not the host's, or is withheld, is found within the next beacon. No clock.
 */

import { Writer, concat, lp, same, u16, u32 } from './bytes.js';
import { Forged, Malformed } from './errors.js';
import { sha256, signerKey, verified } from './keys.js';
import { MAX_BEACONS_WAITING, MAX_LINKS, MAX_SLOTS } from './limits.js';
import { decodeBeacon } from './messages/screen.js';

/** @typedef {import('./messages/screen.js').Beacon} Beacon */

/** What a signature covers: also whose session, host and epoch it is for. @param {Origin} origin @param {number} epoch @param {Uint8Array} body */
function signedBytes({ statement, host }, epoch, body) {
  return lp('tasuki/1 beacon', statement, u16(host), u32(epoch), body);
}

/**
 * Whose beacons are believed: of the session with this statement, from this host, signed by the key of its handshake.
 * @typedef {{statement: Uint8Array, host: number, signer: Uint8Array}} Origin
 */

/** A beacon that the host signed for this epoch; `Forged` else. @param {Origin} origin @param {number} epoch @param {Uint8Array} body */
export async function openBeacon(origin, epoch, body) {
  const { beacon, signed, signature } = decodeBeacon(body);
  const key = await signerKey(origin.signer);
  if (!(await verified(key, signature, signedBytes(origin, epoch, signed)))) {
    throw new Forged('a beacon was not signed by the host');
  }
  return beacon;
}

/** The chain after one more live picture; it starts as 32 zero bytes. @param {Uint8Array} chain @param {Link} link */
function linked(chain, { picture, group, hash }) {
  return sha256(lp('tasuki/1 picture', chain, concat(u32(picture), u32(group)), hash));
}

/** The newest LATEST of every (stream, slot) to all viewers under one epoch, the beacon's own stream apart. */
export class Slots {
  #newest = /** @type {Map<number, {stream: number, slot: number, seq: bigint, hash: Uint8Array}>} */ (new Map());
  #ahead = /** @type {Set<string>} */ (new Set());

  /** A message was taken. @param {{stream: number, slot: number, seq: bigint}} header @param {Uint8Array} content */
  async note({ stream, slot, seq }, content) {
    const place = stream * MAX_SLOTS + slot;
    if (!this.#newest.has(place) && this.#newest.size >= 2 * MAX_SLOTS) throw new Malformed('too many slots');
    this.#newest.set(place, { stream, slot, seq, hash: await sha256(content) });
  }

  /** Of all slots in order; zero bytes when there are none. */
  async digest() {
    if (!this.#newest.size) return new Uint8Array(32);
    const places = [...this.#newest.keys()].sort((a, b) => a - b);
    const rows = places.map((place) => {
      const { stream, slot, seq, hash } = /** @type {{stream: number, slot: number, seq: bigint, hash: Uint8Array}} */ (
        this.#newest.get(place)
      );
      return new Writer().u16(stream).u32(slot).u64(seq).bytes(hash).done();
    });
    return sha256(lp('tasuki/1 slots', ...rows));
  }

  /**
   * Whether this is what the host had when it sealed a beacon as number `seq` of the key. What is newer than a beacon cannot be
   * held against it, but must not be newer than the next one as well.
   * @param {Beacon} beacon
   * @param {bigint} seq
   */
  async fits(beacon, seq) {
    const before = this.#ahead;
    const newer = [...this.#newest].filter(([, entry]) => entry.seq > seq).map(([place, entry]) => `${place}/${entry.seq}`);
    this.#ahead = new Set(newer);
    if (newer.some((entry) => before.has(entry))) return false;
    return newer.length > 0 || same(await this.digest(), beacon.slots);
  }
}

/** A picture that was taken. @typedef {{picture: number, group: number, hash: Uint8Array}} Link */

/** Follows the chain from the catch-up by which a viewer came in; `false` once something drawn was not the host's. */
export class PictureProof {
  false = false;
  #entered = /** @type {Link | null} */ (null);
  #anchor = /** @type {{picture: number, chain: Uint8Array} | null} */ (null);
  #links = /** @type {Link[]} */ ([]);
  #waiting = /** @type {Beacon[]} */ ([]);

  /** Whether a signed beacon has vouched for the way into the picture shown, and nothing since was false. */
  get proved() {
    return this.#anchor !== null && !this.false;
  }

  /** A catch-up was taken: everything shown now comes from it. @param {number} picture @param {number} group @param {Uint8Array} data */
  async restart(picture, group, data) {
    this.false = false;
    this.#anchor = null;
    this.#entered = { picture, group, hash: await sha256(data) };
    this.#links = [];
    await this.#check();
  }

  /** A live picture was taken on top. @param {number} picture @param {number} group @param {Uint8Array} data */
  async add(picture, group, data) {
    this.#links.push({ picture, group, hash: await sha256(data) });
    if (this.#links.length > MAX_LINKS) this.false = true; // nobody vouched for so many: start anew
    await this.#check();
  }

  /** A signed beacon, newer than all before. @param {Beacon} beacon */
  async beacon(beacon) {
    if (this.#waiting.length === MAX_BEACONS_WAITING) this.#waiting.pop();
    this.#waiting.push(beacon);
    await this.#check();
  }

  async #check() {
    while (this.#waiting.length && !this.false && (await this.#settle(this.#waiting[0]))) this.#waiting.shift();
  }

  /** Hold one beacon against what was taken; false while what it speaks of is not here yet. @param {Beacon} beacon */
  async #settle(beacon) {
    if (this.#entered) {
      if (beacon.group !== this.#entered.group) return beacon.group < this.#entered.group;
      this.#enter(this.#entered, beacon);
    }
    if (this.false || !this.#anchor) return this.false;
    let { picture, chain } = this.#anchor;
    let used = 0;
    while (used < this.#links.length && picture < beacon.picture) {
      picture = this.#links[used].picture;
      chain = await linked(chain, this.#links[used++]);
    }
    if (picture < beacon.picture) return false;
    if (picture === beacon.picture && !same(chain, beacon.chain)) this.false = true;
    else {
      this.#links.splice(0, used);
      this.#anchor = { picture, chain };
    }
    return true;
  }

  /** Take the beacon's word for the picture that the catch-up gave. @param {Link} entered @param {Beacon} beacon */
  #enter(entered, beacon) {
    this.#entered = null;
    this.false = beacon.base !== entered.picture || !same(beacon.catchup, entered.hash);
    this.#anchor = { picture: beacon.base, chain: beacon.start };
  }
}
