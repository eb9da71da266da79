/**
 * Runs handshake attempts until one succeeds: answers the host's messages and notices, starts anew after 4 s without
 * progress (docs/protocol.md 3 and 9). It holds at most one attempt.
 */

import { Forged, HandshakeError } from './errors.js';
import { ViewerHandshake, fresh } from './handshake.js';
import { METHOD_DIGITS, METHOD_RESUME } from './keys.js';
import { HANDSHAKE_RETRY_MS } from './limits.js';
import { Notice, decode } from './messages/handshake.js';
import { same } from './bytes.js';

/**
 * @typedef {import('./handshake.js').Association} Association
 *
 * What the agreement needs from its session.
 * @typedef {object} Environment
 * @property {import('./handshake.js').Parties} parties
 * @property {string} ticket id of the participant's first ticket
 * @property {Uint8Array | undefined} link
 * @property {import('./resume_store.js').ResumeStore} store
 * @property {(body: Uint8Array) => void} send a handshake body
 * @property {(association: Association) => Promise<void>} agreed keys are there
 * @property {(step: Step) => void} step how far it is, for people
 * @property {() => boolean} sure the keys in hand are those of the host that is there: it said something under them
 *
 * @typedef {{name: 'verifying'} | {name: 'resuming'} | {name: 'digits', digits: string} | {name: 'asking'} | {name: 'busy'}
 *   | {name: 'refused'} | {name: 'failed', why: string}} Step
 */

/** Errors after which trying again by itself cannot help. */
const HOPELESS = new Set(['statement-differs', 'link-unknown']);
/** Attempts that fail to prove themselves before people are told. */
const MAX_FAILURES = 3;

export class Agreement {
  #attempt = /** @type {ViewerHandshake | null} */ (null);
  #timer = 0;
  #keys = /** @type {import('./handshake.js').ResumeKey[] | null} */ (null);
  #stopped = false;
  /** Digits are out with the customer. */
  #pending = false;
  #generation = 0;
  #failures = 0;

  /** @param {Environment} environment */
  constructor(environment) {
    this.environment = environment;
  }

  /** Start a new attempt: by a stored key if there is one left to try, else in full. */
  async start() {
    if (this.#stopped) return;
    const turn = ++this.#generation;
    this.#pending = false;
    const { parties, ticket, link, store } = this.environment;
    this.#keys ??= await store.load();
    const resume = this.#keys[0];
    let random;
    try {
      random = await fresh();
    } catch {
      return this.environment.step({ name: 'failed', why: 'unsupported' });
    }
    const attempt = await ViewerHandshake.begin(parties, ticket, { resume, link }, random);
    if (turn !== this.#generation || this.#stopped) return;
    this.#attempt = attempt;
    this.environment.step({ name: resume ? 'resuming' : 'verifying' });
    this.environment.send(attempt.m1);
    this.#again(HANDSHAKE_RETRY_MS);
  }

  /** The host is not there: nothing to wait for. What was agreed stays. */
  pause() {
    clearTimeout(this.#timer);
    this.#generation += 1;
    this.#attempt = null;
  }

  /** The sealed welcome came: what was stored is good. */
  settled() {
    clearTimeout(this.#timer);
    this.#pending = false;
    this.#attempt = null;
    this.#keys = null;
    this.#failures = 0;
  }

  stop() {
    this.#stopped = true;
    this.pause();
  }

  /** Whether an attempt is under way. */
  get busy() {
    return this.#attempt !== null;
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
    if (!attempt || !same(message.attempt, attempt.attempt)) return undefined;
    if (message.kind === 2) {
      this.environment.send(attempt.onM2(message));
      return this.#again(HANDSHAKE_RETRY_MS);
    }
    if (message.kind === 4) return this.#finish(attempt, message);
    return undefined;
  }

  /** @param {ViewerHandshake} attempt @param {import('./messages/handshake.js').M4} m4 */
  async #finish(attempt, m4) {
    const { m5, association } = await attempt.onM4(m4);
    if (attempt !== this.#attempt) return;
    clearTimeout(this.#timer);
    this.#attempt = null;
    this.#keys = [...(this.#keys ?? []), association.resume];
    await this.environment.store.propose(association.resume);
    await this.environment.agreed(association);
    this.environment.send(m5);
    this.#pending = association.method === METHOD_DIGITS;
    if (this.#pending) this.environment.step({ name: 'digits', digits: association.digits });
    else if (association.method !== METHOD_RESUME) this.environment.step({ name: 'asking' });
  }

  /**
   * Notices come in clear and may be anybody's, so they only ever restart or stop, and never what has proved itself.
   * @param {number} kind
   * @param {Uint8Array} attempt
   */
  async #notice(kind, attempt) {
    const mine = this.#attempt && same(attempt, this.#attempt.attempt);
    switch (kind) {
      case Notice.AGAIN:
        // Said on `joined`, so it often crosses with a first message that is about to be answered.
        if (this.environment.sure() || (this.#attempt && !this.#attempt.answered)) return;
        this.#keys = [];
        return this.start();
      case Notice.NEED_RESUME:
        if (this.environment.sure() || this.#attempt) return;
        this.#keys = null;
        return this.start();
      case Notice.NO_RESUME:
        if (!mine) return;
        this.#keys = this.#keys?.slice(1) ?? [];
        return this.start();
      case Notice.WAIT:
        if (mine) this.environment.step({ name: 'busy' });
        return;
      case Notice.REFUSED:
        if (!this.environment.sure()) this.environment.step({ name: 'refused' });
        return;
      case Notice.VERIFIED:
        if (this.#pending) this.environment.step({ name: 'asking' });
        this.#pending = false;
        return;
      case Notice.STATEMENT_DIFFERS:
        if (mine) this.#failed(new HandshakeError('the statements differ', 'statement-differs'));
    }
  }

  /** @param {HandshakeError | Forged} error */
  #failed(error) {
    if (error.slug === 'late') return;
    this.#attempt = null;
    this.#failures += 1;
    if (!HOPELESS.has(error.slug) && this.#failures < MAX_FAILURES) return this.#again(HANDSHAKE_RETRY_MS / 4);
    clearTimeout(this.#timer);
    this.environment.step({ name: 'failed', why: error.slug });
  }

  /** @param {number} ms */
  #again(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.start(), ms);
  }
}
