/**
 * What policy took away while a session runs: the api's `policy` token (docs/protocol.md 7), the twin of wire/policy.py.
 *
 * A relay hands it on and is not trusted with it. It takes nothing from anybody here: what may still be done is what the host's
 * sealed `grants` say. It is what the operator is told.
 */

import { claimsOf } from './handshake.js';
import { Forged } from './errors.js';

const TYPE = 'policy+jwt';
const MAX_TOKEN_CHARS = 8 * 1024;
const MAX_FEATURES = 64;
/** How far ahead of ours the clock of the signer may run, in seconds. */
const CLOCK_SKEW = 30;
const SEGMENT = /^[A-Za-z0-9_-]+$/;

/**
 * @typedef {object} Narrowing
 * @property {number} version
 * @property {string[]} features what may still be granted beside the screen and its control
 * @property {number | null} seconds the longest session
 */

/** @param {string} segment base64url @returns {Uint8Array<ArrayBuffer>} */
function bytesOf(segment) {
  const text = atob(segment.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** @param {boolean} holds @param {string} why */
function demand(holds, why) {
  if (!holds) throw new Forged(`the policy ${why}`);
}

/** @param {unknown} value */
const isCount = (value) => Number.isSafeInteger(value) && Number(value) > 0;

/** Believes the tokens of one session, each newer than those before. */
export class Policies {
  #version = 0;
  #keys = /** @type {Promise<Record<string, any>[]> | null} */ (null);

  /**
   * @param {() => Promise<{keys: Record<string, any>[]}>} keys the server's public keys, asked for once
   * @param {string} issuer who signed the statement
   * @param {string} session
   * @param {() => number} [clock] seconds since 1970
   */
  constructor(keys, issuer, session, clock = () => Date.now() / 1000) {
    this.source = keys;
    this.issuer = issuer;
    this.session = session;
    this.clock = clock;
  }

  /**
   * What a token says; null for one that is not newer. Throws `Forged` for one that is not to be believed.
   * @param {unknown} token
   * @returns {Promise<Narrowing | null>}
   */
  async take(token) {
    const claims = await this.#verified(String(token));
    const { ver, features, limits } = claims;
    demand(claims.iss === this.issuer && claims.aud === this.session && claims.sub === this.session, 'is for another session');
    demand(claims.iat <= this.clock() + CLOCK_SKEW && claims.exp > Math.max(this.clock(), claims.iat), 'is not in time');
    demand(isCount(ver), 'has no version');
    demand(Array.isArray(features) && features.length <= MAX_FEATURES && features.every((f) => typeof f === 'string'), 'names no features');
    const seconds = limits?.seconds ?? null;
    demand(seconds === null || isCount(seconds), 'has no proper limit');
    if (ver <= this.#version) return null;
    this.#version = ver;
    return { version: ver, features, seconds };
  }

  /** @param {string} token @returns {Promise<Record<string, any>>} */
  async #verified(token) {
    const parts = token.split('.');
    demand(token.length <= MAX_TOKEN_CHARS && parts.length === 3 && parts.every((part) => SEGMENT.test(part)), 'is no token');
    try {
      const header = JSON.parse(new TextDecoder().decode(bytesOf(parts[0])));
      const known = Object.keys(header).sort().join() === 'alg,kid,typ' && header.alg === 'ES256' && header.typ === TYPE;
      demand(known, 'has another header');
      this.#keys ??= this.source().then(({ keys }) => keys);
      const jwk = (await this.#keys).find(({ kid }) => kid === header.kid);
      demand(jwk?.kty === 'EC' && jwk?.crv === 'P-256', 'is signed with a key that is not the server\'s');
      const { kty, crv, x, y } = /** @type {Record<string, any>} */ (jwk);
      const curve = { name: 'ECDSA', namedCurve: 'P-256' };
      const key = await crypto.subtle.importKey('jwk', { kty, crv, x, y }, curve, false, ['verify']);
      const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
      const right = await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, bytesOf(parts[2]), signed);
      demand(right, 'was not signed by the server');
      return claimsOf(token);
    } catch (error) {
      if (error instanceof Forged) throw error;
      this.#keys = null;
      throw new Forged('the policy cannot be read');
    }
  }
}
