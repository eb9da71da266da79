/**
 * One viewer's session, without a page: connects, agrees on keys, takes pictures, acknowledges, comes back after a loss
 * (docs/protocol.md 5, 6 and 9). What it learns it fires as events:
 *
 *  `state`    {@link State}, whenever it changes
 *  `picture`  a whole compressed picture for the decoder, in order; answer with `drawn` or `failed`
 *  `ignored`  {count}: the host did not apply that much input, because the session does not allow it
 */

import { Agreement } from './agreement.js';
import { Connection } from './connection.js';
import { Epochs } from './epochs.js';
import { Forged, TooLarge, WireError } from './errors.js';
import { statementHash } from './handshake.js';
import { Delivery, Stream, header, pack, unpack } from './header.js';
import { concat } from './bytes.js';
import { HEADER_BYTES, TICK_MS } from './limits.js';
import * as control from './messages/control.js';
import * as feedback from './messages/feedback.js';
import * as input from './messages/input.js';
import { Pair } from './pair.js';
import { Close } from './relay.js';
import { Screen } from './screen.js';
import { Tickets } from './tickets.js';

/**
 * What people are shown.
 * @typedef {object} State
 * @property {'connecting' | 'waiting' | 'verifying' | 'resuming' | 'digits' | 'asking' | 'busy' | 'live' | 'failed' | 'over'} phase
 * @property {boolean} connected to a relay
 * @property {boolean} present whether the host is there
 * @property {string} digits to read out, in phase `digits`
 * @property {boolean} paused by the customer
 * @property {number} age milliseconds by which the picture is behind, 0 while it is current
 * @property {string[]} grants what the customer allowed
 * @property {string} why in phase `failed`
 * @property {string} by in phase `over`
 * @property {string} reason in phase `over`
 *
 * @typedef {object} Options
 * @property {import('./tickets.js').Grant} grant
 * @property {import('./tickets.js').TicketSource} source
 * @property {import('./resume_store.js').ResumeStore} store
 * @property {Uint8Array} [link] the secret of the join link
 */

/** Monotonic milliseconds. */
const now = () => performance.now();

export class ViewerSession extends EventTarget {
  /** @type {State} */
  state = {
    phase: 'connecting',
    connected: false,
    present: false,
    digits: '',
    paused: false,
    age: 0,
    grants: [],
    why: '',
    by: '',
    reason: '',
  };

  #host = 1;
  #pair = /** @type {Pair | null} */ (null);
  #epochs;
  #agreement = /** @type {Agreement | null} */ (null);
  #screen = new Screen();
  #welcomed = false;
  /** The host that is there now has said something under the keys in hand. */
  #proven = false;
  #handshakes = 0n;
  /** Why this side ended it: who ended is then known here, whatever the others say. */
  #ending = '';
  /** Messages are opened one after another: opening is asynchronous, order matters. */
  #inbox = /** @type {Promise<unknown>} */ (Promise.resolve());
  #ticker = 0;

  /** @param {Options} options */
  constructor(options) {
    super();
    this.options = options;
    this.tickets = new Tickets(options.source, options.grant);
    this.connection = new Connection(this.tickets);
    this.#epochs = new Epochs(this.#host);
  }

  async start() {
    const { connection, tickets, options } = this;
    const parties = { statement: await statementHash(options.grant.statement), host: this.#host, viewer: tickets.sender };
    this.#agreement = new Agreement({
      parties,
      ticket: tickets.first,
      link: options.link,
      store: options.store,
      send: (body) => this.#sendClear(body),
      agreed: (association) => this.#agreed(association),
      step: (step) => this.#onStep(step),
      sure: () => this.#welcomed && this.#proven,
    });
    connection.addEventListener('text', (event) => this.#inOrder(() => this.#onText(detailOf(event))));
    connection.addEventListener('messages', (event) => {
      for (const message of detailOf(event)) this.#inOrder(() => this.#onMessage(message));
    });
    connection.addEventListener('up', () => this.#set({ connected: true }));
    connection.addEventListener('down', () => this.#onDown());
    connection.addEventListener('over', (event) => this.#onOver(detailOf(event)));
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    connection.start();
  }

  // ---- what the page asks

  /** Whether input would be taken: the screen is live, in step and current. */
  get accepting() {
    const { phase, connected, paused, grants } = this.state;
    if (phase !== 'live' || !connected || paused || !grants.includes('control')) return false;
    return this.#screen.current(now()) && !this.#pair?.out.full;
  }

  /** Send input in order; false when it was refused because no current picture is shown. @param {input.InputEvent[]} events */
  sendInput(events) {
    if (!this.accepting) return false;
    this.#say(Stream.INPUT, input.encode(events, now()));
    return true;
  }

  /** Where the pointer is, in pixels of the picture. @param {number} x @param {number} y */
  movePointer(x, y) {
    if (!this.accepting || !this.#pair) return;
    this.#pair.latest(Stream.INPUT, input.encodePointer(this.#pair.out.generation(Stream.INPUT), x, y));
  }

  /** Let go of all keys and buttons; goes out even when the picture is old. */
  releaseAll() {
    if (this.state.phase === 'live') this.#say(Stream.INPUT, input.encode([{ type: 'release' }], now()));
  }

  /** Tell the host that it is over; the api is told by the page. @param {string} reason */
  end(reason) {
    this.#ending = reason;
    if (this.#pair) this.#say(Stream.CONTROL, control.encode({ type: 'end', reason }));
  }

  /** Stop everything here; the session itself goes on. */
  close() {
    clearInterval(this.#ticker);
    this.#agreement?.stop();
    this.#pair?.close();
    this.connection.close();
  }

  // ---- what the decoder answers

  /** @param {number} picture */
  drawn(picture) {
    this.#screen.drawn(picture, now());
    this.#showAge();
    this.#sendFeedback();
  }

  /** The picture could not be decoded: only a catch-up helps. */
  failed() {
    this.#screen.failed();
    this.#sendFeedback();
  }

  // ---- receiving

  /** @param {() => unknown} action */
  #inOrder(action) {
    // What cannot be read is dropped; anything else is a fault of ours, told, but the next message is still taken.
    this.#inbox = this.#inbox.then(action).catch((error) => error instanceof WireError || reportError(error));
  }

  /** @param {control.Control} text */
  async #onText(text) {
    if (text.type === 'welcome') {
      const present = Array.isArray(text.present) ? text.present : [];
      const host = present.some((other) => other?.role === 'host' && other.sender === this.#host);
      await this.#setPresent(host);
    } else if (text.type === 'joined' && text.sender === this.#host) {
      await this.#setPresent(true);
    } else if (text.type === 'left' && text.sender === this.#host) {
      await this.#setPresent(false);
    } else if (text.type === 'drain') {
      this.connection.next(Close.GOODBYE);
    } else if (text.type === 'ended') {
      this.#over(control.textOf(text.by, 'system'), control.textOf(text.reason, 'ended'));
    }
  }

  /** @param {boolean} present */
  async #setPresent(present) {
    this.#set({ present });
    this.#proven = false;
    this.connection.alone(!present);
    if (!present) {
      this.#agreement?.pause();
      if (!this.#pair) this.#set({ phase: 'waiting' });
      return;
    }
    // Without keys, or with new ones that the host may not have got to know, there is nothing to go on with.
    if (!this.#pair || (!this.#welcomed && this.state.phase === 'resuming')) return void (await this.#agreement?.start());
    this.#screen.lost();
    this.#screen.begin(now());
    this.#pair.resend();
    this.#sendFeedback();
  }

  /** @param {Uint8Array} message */
  async #onMessage(message) {
    const fields = unpack(message);
    if (fields.sender !== this.#host) return;
    if (fields.stream === Stream.HANDSHAKE) return void (await this.#agreement?.receive(message.subarray(HEADER_BYTES)));
    try {
      if (fields.recipient === this.tickets.sender) await this.#onPairwise(fields, message);
      else if (fields.recipient === 0) await this.#onBroadcast(fields, message);
    } catch (error) {
      if (!(error instanceof Forged)) throw error;
      if (this.#pair?.broken || this.#epochs.broken) this.connection.next(Close.PROTOCOL);
    }
  }

  /** @param {import('./header.js').Header} fields @param {Uint8Array} message */
  async #onPairwise(fields, message) {
    const pair = this.#pair;
    const body = await pair?.open(fields, message);
    if (!pair || !body || pair !== this.#pair) return;
    this.#proven = true;
    if (fields.stream === Stream.FEEDBACK) return pair.acknowledge(feedback.decode(body).generations);
    if (fields.stream === Stream.CONTROL) await this.#onControl(control.decode(body));
    this.#sendFeedback();
  }

  /** @param {control.Control} message */
  async #onControl(message) {
    if (message.type === 'welcome' || message.type === 'epoch') {
      const { epoch, secret } = control.epochOf(message);
      await this.#epochs.add(epoch, secret);
      if (message.type === 'welcome') await this.#onWelcome(control.stringsOf(message.grants));
    } else if (message.type === 'grants') {
      this.#set({ grants: control.stringsOf(message.grants) });
    } else if (message.type === 'ignored') {
      this.dispatchEvent(new CustomEvent('ignored', { detail: { count: Number(message.count) || 0 } }));
    } else if (message.type === 'end') {
      this.#over(control.textOf(message.by, 'customer'), control.textOf(message.reason, 'ended'));
    }
  }

  /** @param {string[]} grants */
  async #onWelcome(grants) {
    this.#welcomed = true;
    this.#agreement?.settled();
    this.#screen.begin(now());
    await this.options.store.confirm();
    this.#set({ phase: 'live', grants, digits: '' });
  }

  /** @param {import('./header.js').Header} fields @param {Uint8Array} message */
  async #onBroadcast(fields, message) {
    const body = await this.#epochs.open(fields, message);
    if (!body) return;
    if (fields.stream === Stream.BEACON) {
      this.#set({ paused: this.#screen.beacon(body, now()) });
      this.#showAge();
    } else if (fields.stream === Stream.SCREEN) {
      const { usable, picture } = this.#screen.part(fields, body, now());
      if (picture) this.dispatchEvent(new CustomEvent('picture', { detail: picture }));
      else if (usable) this.#sendFeedback();
    }
  }

  // ---- keys

  /** @param {import('./handshake.js').Association} association */
  async #agreed(association) {
    this.#pair?.close();
    this.#pair = await Pair.from(association, this.tickets.sender, this.#host, (message) => this.connection.send(message));
    this.#welcomed = false;
    this.#epochs = new Epochs(this.#host);
    this.#screen.reset();
  }

  /** @param {import('./agreement.js').Step} step */
  #onStep(step) {
    if (step.name === 'refused') return this.#over('customer', 'refused');
    const digits = step.name === 'digits' ? step.digits : '';
    const why = step.name === 'failed' ? step.why : '';
    return this.#set({ phase: step.name, digits, why });
  }

  // ---- sending

  /** A handshake body, in clear. @param {Uint8Array} body */
  #sendClear(body) {
    const fields = { kind: Delivery.ORDERED, stream: Stream.HANDSHAKE, sender: this.tickets.sender, recipient: this.#host };
    this.connection.send(concat(pack(header({ ...fields, seq: this.#handshakes++ })), body));
  }

  /** @param {number} stream @param {Uint8Array} body */
  #say(stream, body) {
    try {
      this.#pair?.say(stream, body);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
    }
  }

  #sendFeedback() {
    if (!this.#pair || !this.connection.open) return;
    const body = feedback.encode({
      ms: now(),
      ...this.#screen.feedback,
      welcomed: this.#welcomed,
      generations: this.#pair.incoming.generations,
    });
    this.#pair.latest(Stream.FEEDBACK, body);
  }

  // ---- time and ends

  #tick() {
    if (this.state.phase === 'live' && this.state.connected) {
      const time = now();
      if (this.state.present) this.#screen.tick(time);
      if (this.#screen.silent(time)) return this.connection.next(Close.TIMEOUT);
    }
    if (this.#pair?.worn && !this.#agreement?.busy) this.#agreement?.start();
    this.#showAge();
    return this.#sendFeedback();
  }

  #showAge() {
    this.#set({ age: this.state.phase === 'live' ? this.#screen.age(now()) : 0 });
  }

  #onDown() {
    this.#agreement?.pause();
    this.#screen.lost();
    this.#set({ connected: false, present: false, phase: this.#pair ? this.state.phase : 'connecting' });
  }

  /** @param {import('./connection.js').Over} over */
  #onOver(over) {
    if (over.kind === 'ended') this.#over(over.by, over.reason);
    else if (over.kind === 'refused') this.#over('system', over.detail);
    else this.#set({ phase: 'failed', why: over.kind });
  }

  /** @param {string} by @param {string} reason */
  #over(by, reason) {
    if (this.state.phase === 'over') return;
    this.close();
    this.options.store.clear();
    const ended = this.#ending ? { by: 'operator', reason: this.#ending } : { by, reason };
    this.#set({ phase: 'over', ...ended, digits: '', connected: false });
  }

  /** @param {Partial<State>} change */
  #set(change) {
    const before = this.state;
    if (before.phase === 'over' && change.phase !== 'over') return;
    this.state = { ...before, ...change };
    const keys = /** @type {(keyof State)[]} */ (Object.keys(change));
    if (keys.some((key) => String(before[key]) !== String(change[key]))) {
      this.dispatchEvent(new CustomEvent('state', { detail: this.state }));
    }
  }
}

/** @param {Event} event */
function detailOf(event) {
  return /** @type {CustomEvent} */ (event).detail;
}

