/** What people are shown of a session, as one value; every change is told as an event `state`. */

/**
 * @typedef {object} State
 * @property {'connecting' | 'waiting' | 'verifying' | 'resuming' | 'digits' | 'asking' | 'busy' | 'confirm' | 'compare' | 'decide' | 'live' | 'unproved' | 'failed' | 'over'} phase
 * @property {boolean} connected to a relay
 * @property {boolean} present whether the host is there
 * @property {string} digits to read out, in phase `digits`
 * @property {boolean} paused by the customer
 * @property {number} age milliseconds by which the picture is behind, 0 while it is current
 * @property {string[]} grants what the host's person allowed
 * @property {'host' | 'viewer'} holder whose mouse and keyboard count on the host's machine
 * @property {number} attempt of the customer at the digits, in phase `compare`, from 1
 * @property {string} why in phase `failed`
 * @property {string} by in phase `over`
 * @property {string} reason in phase `over`
 */

/** @type {State} */
const START = {
  phase: 'connecting',
  connected: false,
  present: false,
  digits: '',
  paused: false,
  age: 0,
  grants: [],
  holder: 'viewer',
  attempt: 1,
  why: '',
  by: '',
  reason: '',
};

/**
 * All that may follow `unproved` without the operator: then no key of this session is in hand.
 * @type {Set<State['phase']>}
 */
const AFTER_UNPROVED = new Set(['failed', 'over']);

export class Stateful extends EventTarget {
  state = START;

  /** @param {Partial<State>} change */
  set(change) {
    const { phase } = this.state;
    if (phase === 'over') return;
    const stay = phase === 'unproved' && change.phase && !AFTER_UNPROVED.has(change.phase);
    this.#take(stay ? { ...change, phase } : change);
  }

  /** The operator wants to go on from `unproved`. */
  restart() {
    if (this.state.phase === 'unproved') this.#take({ phase: this.state.connected ? 'waiting' : 'connecting', digits: '' });
  }

  /** @param {Partial<State>} change */
  #take(change) {
    const before = this.state;
    this.state = { ...before, ...change };
    const keys = /** @type {(keyof State)[]} */ (Object.keys(change));
    if (keys.some((key) => String(before[key]) !== String(change[key]))) {
      this.dispatchEvent(new CustomEvent('state', { detail: this.state }));
    }
  }
}
