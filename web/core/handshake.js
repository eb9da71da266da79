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
/** X25519 and ML-KEM-768 together. */
export const SUITE_HYBRID = 2;
const NOTHING = new Uint8Array();

/**
 * What the session statement demands of the handshake; members that are missing demand nothing.
 * @typedef {{verification: 'digits' | 'link' | 'either', pqRequired: boolean}} Demands
 */
/** @type {Demands} */
export const ANYTHING = Object.freeze({ verification: 'either', pqRequired: false });

/**
 * What both ends must agree on before any key.
 * @typedef {object} Parties
 * @property {Uint8Array} statement SHA-256 of the session statement's payload
 * @property {number} host sender id
 * @property {number} viewer sender id
 * @property {Demands} [demands] of that statement
 *
 * A stored secret of an earlier association, in a form that cannot be read out (resume_store.js).
 * @typedef {{id: Uint8Array, salt: CryptoKey}} ResumeKey
 *
 * What a finished handshake gives both ends.
 * @typedef {object} Association
 * @property {number} number
 * @property {number} method
 * @property {number} suite
 * @property {Uint8Array} signer the host's Ed25519 key, as bound in the transcript
 * @property {Uint8Array} hostToViewer
 * @property {Uint8Array} viewerToHost
 * @property {ResumeKey} resume
 * @property {string} digits
 *
 * @typedef {object} Secrets
 * @property {ResumeKey} [resume] asks for a resume handshake
 * @property {Uint8Array} [link] the secret of the join link, if one was made here
 * @property {string} [introduction] the api's word for an operator whom the statement does not name
 *
 * Fresh randomness of one attempt; handed in so that vectors can be followed. `kem` is null where there is no ML-KEM.
 * @typedef {{attempt: Uint8Array, nonce: Uint8Array, pair: keys.KeyPair, kem: keys.KemPair | null}} Fresh
 */

/** @returns {Promise<Fresh>} */
export async function fresh() {
  return {
    attempt: crypto.getRandomValues(new Uint8Array(ATTEMPT_BYTES)),
    nonce: crypto.getRandomValues(new Uint8Array(32)),
    pair: await keys.keyPair(),
    kem: await keys.kemPair(),
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

/**
 * The highest suite that both offer; throws when there is none, or a better one is demanded.
 * @param {Uint8Array} mine @param {Uint8Array} theirs @param {Demands} demands
 */
function commonSuite(mine, theirs, demands) {
  const best = Math.max(0, ...[...mine].filter((suite) => theirs.includes(suite)));
  if (demands.pqRequired && best < SUITE_HYBRID) {
    throw new HandshakeError('this session may only be held with post-quantum keys, and one side cannot make them', 'pq-required');
  }
  if (!best) throw new HandshakeError('the suites do not fit', 'suites');
  return best;
}

/** A resume was verified before. @param {number} method @param {Demands} demands */
function checkMethod(method, demands) {
  const wanted = method === keys.METHOD_DIGITS ? 'digits' : method === keys.METHOD_LINK ? 'link' : demands.verification;
  if (demands.verification !== 'either' && demands.verification !== wanted) {
    throw new HandshakeError(`this session is verified by ${demands.verification}, and not by ${wanted}`, 'verification');
  }
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
    this.suites = m1.suites;
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
    const { attempt, nonce, pair, kem } = random;
    const suites = Uint8Array.from(kem ? [SUITE_X25519, SUITE_HYBRID] : [SUITE_X25519]);
    commonSuite(suites, suites, parties.demands ?? ANYTHING);
    const kemKey = kem?.share ?? NOTHING;
    const commit = await keys.sha256(lp('tasuki/1 commit', context, attempt, pair.share, kemKey, nonce));
    const named = secrets.resume ? secrets.resume.id : secrets.link && (await keys.linkId(secrets.link, attempt));
    const secretId = named ?? new Uint8Array(8);
    const { statement } = parties;
    return new ViewerHandshake(
      parties,
      secrets,
      random,
      context,
      { kind: 1, mode, attempt, suites, secretId, ticket, statement, introduction: secrets.introduction ?? '', commit },
      { kind: 3, attempt, key: pair.share, nonce, kemKey },
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
    const demands = this.parties.demands ?? ANYTHING;
    if (commonSuite(this.suites, m2.suites, demands) !== m2.suite) throw new HandshakeError('the suites do not fit');
    if ((m2.method === keys.METHOD_RESUME) !== (this.mode === keys.MODE_RESUME) || m2.method > keys.METHOD_RESUME) {
      throw new HandshakeError('the other side chose another way to verify');
    }
    checkMethod(m2.method, demands);
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
    const { pair, kem } = this.random;
    if (m2.suite !== SUITE_HYBRID && m4.kemCiphertext.length) throw new HandshakeError('the suites do not fit');
    const parts = [this.context, this.m1, this.#m2Bytes, this.m3, withoutMac(m4)];
    const th = await keys.sha256(lp('tasuki/1 transcript', ...parts));
    const exchanged = await keys.exchange(pair.secret, m2.key);
    const kemSecret = m2.suite === SUITE_HYBRID && kem ? await keys.decapsulate(kem.secret, m4.kemCiphertext) : NOTHING;
    const shared = concat(kemSecret, exchanged);
    const prk = await keys.hmacKey(await keys.hmac(await this.#salt(m2.method), concat(shared, th)));
    if (!same(await confirmation(prk, 'host', th), m4.mac)) {
      throw new Forged("the host's proof does not fit: somebody may be between the two ends");
    }
    await keys.signerKey(m2.signer); // a browser that could not check beacons must not begin
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
    suite: m2.suite,
    signer: m2.signer,
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


/**
 * What the statement demands; throws for a demand that is not known here, which must not be taken for none.
 * @param {string} token
 * @returns {Demands}
 */
export function demandsOf(token) {
  const { verification = 'either', pq_required: pqRequired = false } = claimsOf(token).policy ?? {};
  if (!['digits', 'link', 'either'].includes(verification) || typeof pqRequired !== 'boolean') {
    throw new HandshakeError('the statement demands something that is not known here', 'statement-differs');
  }
  return { verification, pqRequired };
}
