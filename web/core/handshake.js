/**
 * The viewer's side of the handshake: commit, exchange keys, prove them (docs/protocol.md 3).
 * One object is one attempt: `begin` → M1, `onM2` → M3, `onM4` → M5 and the association. Every failure throws
 * `HandshakeError` or `Forged`; the caller drops the object and starts another. No socket, no clock.
 */

import { concat, lp, same, u16, u8 } from './bytes.js';
import { Forged, HandshakeError } from './errors.js';
import * as keys from './keys.js';
import { ATTEMPT_BYTES, encode, withoutMac } from './messages/handshake.js';

export const SUITE_X25519 = 1;
/** What this implementation can do, best last. */
export const SUITES = Uint8Array.of(SUITE_X25519);
const NOTHING = new Uint8Array();

/**
 * What both ends must agree on before any key.
 * @typedef {object} Parties
 * @property {Uint8Array} statement SHA-256 of the session statement's payload
 * @property {number} host sender id
 * @property {number} viewer sender id
 *
 * A stored secret of an earlier association, in a form that cannot be read out (resume_store.js).
 * @typedef {{id: Uint8Array, salt: CryptoKey}} ResumeKey
 *
 * What a finished handshake gives both ends.
 * @typedef {object} Association
 * @property {number} number
 * @property {number} method
 * @property {Uint8Array} hostToViewer
 * @property {Uint8Array} viewerToHost
 * @property {ResumeKey} resume
 * @property {string} digits
 *
 * @typedef {object} Secrets
 * @property {ResumeKey} [resume] asks for a resume handshake
 * @property {Uint8Array} [link] the secret of the join link, if one was made here
 *
 * Fresh randomness of one attempt; handed in so that vectors can be followed.
 * @typedef {{attempt: Uint8Array, nonce: Uint8Array, pair: keys.KeyPair}} Fresh
 */

/** @returns {Promise<Fresh>} */
export async function fresh() {
  return {
    attempt: crypto.getRandomValues(new Uint8Array(ATTEMPT_BYTES)),
    nonce: crypto.getRandomValues(new Uint8Array(32)),
    pair: await keys.keyPair(),
  };
}

/** The stored form of a resume secret: its name, and the HKDF salt made of it as a key nobody can read. @param {Uint8Array} secret @returns {Promise<ResumeKey>} */
export async function resumeKey(secret) {
  return { id: await keys.resumeId(secret), salt: await keys.hmacKey(await keys.resumeSalt(secret)) };
}

/** @param {Parties} parties @param {number} mode */
function contextOf(parties, mode) {
  return keys.sha256(lp('tasuki/1 context', u8(mode), parties.statement, u16(parties.host), u16(parties.viewer)));
}

export class ViewerHandshake {
  #m2 = /** @type {import('./messages/handshake.js').M2 | null} */ (null);
  #m2Bytes = NOTHING;

  /**
   * @param {Parties} parties
   * @param {Secrets} secrets
   * @param {Fresh} random
   * @param {Uint8Array} context
   * @param {import('./messages/handshake.js').M1} m1
   * @param {import('./messages/handshake.js').M3} m3
   */
  constructor(parties, secrets, random, context, m1, m3) {
    this.parties = parties;
    this.secrets = secrets;
    this.random = random;
    this.context = context;
    /** The first message, ready to send. */
    this.m1 = encode(m1);
    this.mode = m1.mode;
    this.m3 = encode(m3);
  }

  /**
   * A new attempt; its `m1` is to be sent.
   * @param {Parties} parties
   * @param {string} ticket id of this participant's first ticket
   * @param {Secrets} secrets
   * @param {Fresh} random
   */
  static async begin(parties, ticket, secrets, random) {
    const mode = secrets.resume ? keys.MODE_RESUME : keys.MODE_FULL;
    const context = await contextOf(parties, mode);
    const { attempt, nonce, pair } = random;
    const commit = await keys.sha256(lp('tasuki/1 commit', context, attempt, pair.share, NOTHING, nonce));
    const secretId = secrets.resume?.id ?? new Uint8Array(8);
    const { statement } = parties;
    return new ViewerHandshake(
      parties,
      secrets,
      random,
      context,
      { kind: 1, mode, attempt, suites: SUITES, secretId, ticket, statement, commit },
      { kind: 3, attempt, key: pair.share, nonce, kemKey: NOTHING },
    );
  }

  get attempt() {
    return this.random.attempt;
  }

  /** Whether M2 was taken. */
  get answered() {
    return this.#m2 !== null;
  }

  /**
   * Checks the host's choice and gives M3.
   * @param {import('./messages/handshake.js').M2} m2
   */
  onM2(m2) {
    if (this.#m2 || !same(m2.attempt, this.attempt)) throw new HandshakeError('an answer to another attempt', 'late');
    if (!same(m2.statement, this.parties.statement)) {
      throw new HandshakeError('the other side was told something else about this session', 'statement-differs');
    }
    if (m2.suite !== SUITE_X25519 || Math.max(0, ...[...m2.suites].filter((suite) => SUITES.includes(suite))) !== m2.suite) {
      throw new HandshakeError('the suites do not fit');
    }
    if ((m2.method === keys.METHOD_RESUME) !== (this.mode === keys.MODE_RESUME) || m2.method > keys.METHOD_RESUME) {
      throw new HandshakeError('the other side chose another way to verify');
    }
    if (m2.method === keys.METHOD_LINK && !this.secrets.link) {
      throw new HandshakeError('the secret of the link is not known here', 'link-unknown');
    }
    this.#m2 = m2;
    this.#m2Bytes = encode(m2);
    return this.m3;
  }

  /**
   * Checks the host's proof (`Forged` when it fails) and gives M5 and the association.
   * @param {import('./messages/handshake.js').M4} m4
   * @returns {Promise<{m5: Uint8Array, association: Association}>}
   */
  async onM4(m4) {
    const m2 = this.#m2;
    if (!m2 || !same(m4.attempt, this.attempt)) throw new HandshakeError('an answer to another attempt', 'late');
    if (m4.kemCiphertext.length) throw new HandshakeError('the suites do not fit');
    const parts = [this.context, this.m1, this.#m2Bytes, this.m3, withoutMac(m4)];
    const th = await keys.sha256(lp('tasuki/1 transcript', ...parts));
    const shared = await keys.exchange(this.random.pair.secret, m2.key);
    const prk = await keys.hmacKey(await keys.hmac(await this.#salt(m2.method), concat(shared, th)));
    if (!same(await confirmation(prk, 'host', th), m4.mac)) {
      throw new Forged("the host's proof does not fit: somebody may be between the two ends");
    }
    const mac = await confirmation(prk, 'viewer', th);
    const m5 = encode({ kind: 5, attempt: this.attempt, mac });
    return { m5, association: await associationOf(prk, th, m2) };
  }

  /** HKDF-Extract's key. @param {number} method */
  async #salt(method) {
    if (method === keys.METHOD_RESUME && this.secrets.resume) return this.secrets.resume.salt;
    if (method === keys.METHOD_LINK && this.secrets.link) return keys.hmacKey(await keys.linkSalt(this.secrets.link));
    return keys.hmacKey(keys.digitsSalt());
  }
}

/** @param {CryptoKey} prk @param {'host' | 'viewer'} who @param {Uint8Array} th */
async function confirmation(prk, who, th) {
  return keys.hmac(await keys.hmacKey(await keys.expand(prk, `${who} confirm`, th)), th);
}

/**
 * @param {CryptoKey} prk
 * @param {Uint8Array} th
 * @param {import('./messages/handshake.js').M2} m2
 * @returns {Promise<Association>}
 */
async function associationOf(prk, th, m2) {
  return {
    number: m2.association,
    method: m2.method,
    hostToViewer: await keys.expand(prk, 'host to viewer', th),
    viewerToHost: await keys.expand(prk, 'viewer to host', th),
    resume: await resumeKey(await keys.expand(prk, 'resume', th)),
    digits: await keys.digitsOf(prk, th),
  };
}

/**
 * The hash both sides put into the handshake, and the payload itself, of the api's signed statement (a JWT).
 * @param {string} token
 */
export async function statementHash(token) {
  return keys.sha256(payloadOf(token));
}

/** The decoded payload bytes of a JWT; its signature is for the relay and the api. @param {string} token */
export function payloadOf(token) {
  const [, payload = ''] = token.split('.');
  const padded = payload.replaceAll('-', '+').replaceAll('_', '/');
  return Uint8Array.from(atob(padded), (char) => char.charCodeAt(0));
}

/** The claims of a JWT. @param {string} token @returns {Record<string, any>} */
export function claimsOf(token) {
  return JSON.parse(new TextDecoder().decode(payloadOf(token)));
}

