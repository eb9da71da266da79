/**
 * Runs handshake attempts until one succeeds: answers the host's messages and notices, starts anew after 4 s without
 * progress (docs/protocol.md 3 and 9). It holds at most one attempt.
 *
 * Notices come in clear and may be anybody's. Before the first sealed welcome they can start a full handshake, which needs
 * digits and the operator's word; after it only one by the stored secret. Where that fails, the operator decides.
 */

import { Forged, HandshakeError } from './errors.js';
import { ViewerHandshake, fresh } from './handshake.js';
import { METHOD_DIGITS, METHOD_LINK, METHOD_RESUME } from './keys.js';
import { FULL_HANDSHAKE_MS, HANDSHAKE_RETRY_MS } from './limits.js';
import { Notice, decode } from './messages/handshake.js';
import { same } from './bytes.js';

/**
 * @typedef {import('./handshake.js').Association} Association
 * @typedef {import('./resume_store.js').StoredKey} StoredKey
 *
 * An attempt under way, and the stored secret it goes by.
 * @typedef {{handshake: ViewerHandshake, key: StoredKey | undefined}} Attempt
 *
 * What the agreement needs from its session.
 * @typedef {object} Environment
 * @property {import('./handshake.js').Parties} parties
 * @property {string} ticket id of the participant's first ticket
 * @property {Uint8Array | undefined} link
 * @property {() => string} introduction the api's word for this operator, empty where the statement names them
 * @property {boolean} ownLink
 * @property {import('./resume_store.js').ResumeStore} store
 * @property {(body: Uint8Array) => void} send a handshake body
 * @property {(association: Association, confirmed: boolean) => Promise<void>} agreed keys are there; `confirmed` when a secret
 *   that the relay cannot know stands behind them, so that the operator need not be asked
 * @property {(step: Step) => void} step how far it is, for people
 * @property {() => boolean} sure the keys in hand are those of the host that is there: it said something under them
 *
 * @typedef {{name: 'verifying'} | {name: 'resuming'} | {name: 'digits', digits: string} | {name: 'asking'} | {name: 'busy'}
 *   | {name: 'refused'} | {name: 'unproved'} | {name: 'failed', why: string}} Step
 */

/** Errors after which trying again by itself cannot help. */
const HOPELESS = new Set([
  'statement-differs', 'link-unknown', 'unsupported', 'pq-required', 'verification', 'not-introduced', 'suites',
]);
/** Notices that say so. @type {Map<number, string>} */
const DENIALS = new Map([
  [Notice.STATEMENT_DIFFERS, 'statement-differs'],
  [Notice.PQ_REQUIRED, 'pq-required'],
  [Notice.NOT_INTRODUCED, 'not-introduced'],
  [Notice.METHOD_NOT_ALLOWED, 'verification'],
  [Notice.NO_COMMON_SUITE, 'suites'],
]);
/** Attempts that fail to prove themselves before people are told. */
const MAX_FAILURES = 3;

export class Agreement {
  #attempt = /** @type {Attempt | null} */ (null);
  #timer = 0;
  #keys = /** @type {StoredKey[] | null} */ (null);
  #stopped = false;
  /** A sealed welcome came, now or before a reload: from then on only its secret proves who is there. */
  #welcomed = false;
  /** The secret was of no use: nothing is tried until the operator says so. */
  #unproved = false;
  /** An attempt is being made or waits for its turn. */
  #due = false;
  /** When the last full handshake was started, in monotonic milliseconds. */
  #fullAt = -Infinity;
  /** Digits are out with the customer. */
  #pending = false;
  #generation = 0;
  #failures = 0;

  /** @param {Environment} environment */
  constructor(environment) {
    this.environment = environment;
  }

  /** What an earlier page of this session left behind; before anything else. */
  async load() {
    const { keys, welcomed } = await this.environment.store.load();
    this.#keys = keys;
    this.#welcomed = welcomed;
  }

  /**
   * Start a new attempt: by a stored key if there is one left to try; else in full, if nothing was ever proved, and at most
   * once in `FULL_HANDSHAKE_MS`.
   */
  async start() {
    if (this.#stopped || this.#unproved) return;
    const turn = ++this.#generation;
    this.#attempt = null;
    this.#pending = false;
    this.#due = true;
    this.#keys ??= (await this.environment.store.load()).keys;
    if (turn !== this.#generation || this.#stopped) return;
    const [key] = this.#keys;
    if (!key && this.#welcomed) return this.#cannotProve();
    const wait = key ? 0 : this.#fullAt + FULL_HANDSHAKE_MS - performance.now();
    if (wait > 0) return this.#again(wait);
    await this.#begin(turn, key);
  }

  /** @param {number} turn @param {StoredKey | undefined} key */
  async #begin(turn, key) {
    const { parties, ticket, link, introduction } = this.environment;
    let random;
    try {
      random = await fresh();
    } catch {
      return this.environment.step({ name: 'failed', why: 'unsupported' });
    }
    const secrets = { resume: key, link, introduction: key ? '' : introduction() };
    let handshake;
    try {
      handshake = await ViewerHandshake.begin(parties, ticket, secrets, random);
    } catch (error) {
      if (!(error instanceof HandshakeError)) throw error;
      return this.#failed(error);
    }
    if (turn !== this.#generation || this.#stopped) return;
    this.#attempt = { handshake, key };
    this.#due = false;
    if (!key) this.#fullAt = performance.now();
    this.environment.step({ name: key ? 'resuming' : 'verifying' });
    this.environment.send(handshake.m1);
    this.#again(HANDSHAKE_RETRY_MS);
  }

  /** Try everything that is stored once more. */
  async retry() {
    this.#keys = null;
    await this.start();
  }

  /** The customer typed other digits: new keys, new digits. */
  async anew() {
    this.#keys = [];
    await this.start();
  }

  /** The operator wants to verify anew: what was proved before counts no more. Nothing is started. */
  async forget() {
    this.pause();
    this.#welcomed = this.#unproved = false;
    this.#keys = [];
    await this.environment.store.clear();
  }

  /** The host is not there: nothing to wait for. What was agreed stays. */
  pause() {
    clearTimeout(this.#timer);
    this.#generation += 1;
    this.#attempt = null;
    this.#due = false;
  }

  #cannotProve() {
    this.pause();
    this.#unproved = true;
    this.environment.step({ name: 'unproved' });
  }

  /** The sealed welcome came: what was stored is good. */
  settled() {
    clearTimeout(this.#timer);
    this.#generation += 1;
    this.#due = this.#pending = false;
    this.#attempt = null;
    this.#keys = null;
    this.#failures = 0;
    this.#welcomed = true;
  }

  stop() {
    this.#stopped = true;
    this.pause();
  }

  /** Whether an attempt is under way. */
  get busy() {
    return this.#due || this.#attempt !== null;
  }

  /** A handshake body from the host. @param {Uint8Array} body */
  async receive(body) {
    if (this.#stopped) return;
    try {
      await this.#receive(decode(body));
    } catch (error) {
      if (!(error instanceof HandshakeError || error instanceof Forged)) throw error;
      this.#failed(error);
    }
  }

  /** @param {ReturnType<typeof decode>} message */
  async #receive(message) {
    if ('notice' in message) return this.#notice(message.kind, message.attempt);
    const attempt = this.#attempt;
    if (!attempt || !same(message.attempt, attempt.handshake.attempt)) return undefined;
    if (message.kind === 2) {
      this.environment.send(attempt.handshake.onM2(message));
      return this.#again(HANDSHAKE_RETRY_MS);
    }
    if (message.kind === 4) return this.#finish(attempt, message);
    return undefined;
  }

  /** @param {Attempt} attempt @param {import('./messages/handshake.js').M4} m4 */
  async #finish(attempt, m4) {
    const { m5, association } = await attempt.handshake.onM4(m4);
    if (attempt !== this.#attempt) return;
    clearTimeout(this.#timer);
    this.#attempt = null;
    const linked = association.method === METHOD_LINK && this.environment.ownLink;
    const confirmed = association.method === METHOD_RESUME ? !!attempt.key?.confirmed : linked;
    const key = { ...association.resume, confirmed };
    this.#keys = [...(this.#keys ?? []), key];
    await this.environment.store.propose(key);
    await this.environment.agreed(association, confirmed);
    this.environment.send(m5);
    this.#pending = association.method === METHOD_DIGITS;
    if (this.#pending) this.environment.step({ name: 'digits', digits: association.digits });
    else if (association.method !== METHOD_RESUME) this.environment.step({ name: 'asking' });
  }

  /**
   * @param {number} kind
   * @param {Uint8Array} attempt
   */
  async #notice(kind, attempt) {
    if (this.#unproved) return;
    const mine = this.#attempt && same(attempt, this.#attempt.handshake.attempt);
    switch (kind) {
      case Notice.AGAIN:
        if (this.#expecting || this.environment.sure()) return;
        this.#keys = this.#welcomed ? null : [];
        return this.start();
      case Notice.NEED_RESUME:
        // Also when the host was heard just now: its keys may be worn.
        return this.#expecting ? undefined : this.retry();
      case Notice.NO_RESUME:
        if (!mine) return;
        this.#keys = this.#keys?.slice(1) ?? [];
        return this.start();
      case Notice.WAIT:
        if (mine) this.environment.step({ name: 'busy' });
        return;
      case Notice.REFUSED:
        if (!this.#welcomed) this.environment.step({ name: 'refused' });
        return;
      case Notice.VERIFIED:
        if (this.#pending) this.environment.step({ name: 'asking' });
        this.#pending = false;
        return;
    }
    const denial = DENIALS.get(kind);
    if (denial && mine) this.#failed(new HandshakeError('the host turned this handshake away', denial));
    return undefined;
  }

  /** A first message is about to be sent or answered; said on `joined`, notices often cross with it. */
  get #expecting() {
    return this.#due || (this.#attempt !== null && !this.#attempt.handshake.answered);
  }

  /** @param {HandshakeError | Forged} error */
  #failed(error) {
    if (error.slug === 'late') return;
    this.#attempt = null;
    this.#due = true;
    this.#failures += 1;
    if (!HOPELESS.has(error.slug) && this.#failures < MAX_FAILURES) return this.#again(HANDSHAKE_RETRY_MS / 4);
    if (this.#welcomed && !HOPELESS.has(error.slug)) return this.#cannotProve();
    this.pause();
    return this.environment.step({ name: 'failed', why: error.slug });
  }

  /** @param {number} ms */
  #again(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.start(), ms);
  }
}
