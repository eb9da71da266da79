/**
 * One viewer's session, without a page: connects, agrees on keys, takes pictures, acknowledges, comes back after a loss
 * (docs/protocol.md 5, 6 and 9). Here is what a page asks of it; what reaches it is in receiving.js. What it learns it fires as
 * events:
 *
 *  `state`    {@link State}, whenever it changes
 *  `picture`  a whole compressed picture for the decoder, in order; answer with `drawn` or `failed`
 *  `blank`    what was drawn may be somebody else's: forget it
 *  `narrowed` {taken, seconds}: policy took features away, or shortened the session
 *  `ignored`  {count}: the host did not apply that much input, because the session does not allow it
 *  `chat`     {line, mine}: a message, passed on by the host
 *  `unsaid`   {line}: the host did not take a message of ours
 */

import { Agreement } from './agreement.js';
import { WireError } from './errors.js';
import { demandsOf, statementHash } from './handshake.js';
import { Stream } from './header.js';
import { TICK_MS } from './limits.js';
import * as chat from './messages/chat.js';
import * as control from './messages/control.js';
import * as input from './messages/input.js';
import { Receiving } from './receiving.js';

/**
 * @typedef {import('./state.js').State} State
 * @typedef {import('./receiving.js').Options} Options
 */

/** Monotonic milliseconds. */
const now = () => performance.now();

export class ViewerSession extends Receiving {
  async start() {
    const { connection, tickets, options } = this;
    this._statement = await statementHash(options.grant.statement);
    let demands;
    try {
      demands = demandsOf(options.grant.statement);
    } catch (error) {
      return this.set({ phase: 'failed', why: slugOf(error) });
    }
    const parties = { statement: this._statement, host: this._host, viewer: tickets.sender, demands };
    this._agreement = new Agreement({
      parties,
      ticket: tickets.first,
      link: options.link,
      introduction: () => tickets.grant.introduction ?? '',
      ownLink: !options.customer && (options.ownLink ?? true),
      store: options.store,
      send: (body) => this._sendClear(body),
      agreed: (association, confirmed) => this._agreed(association, confirmed),
      step: (step) => this._onStep(step),
      sure: () => this._keys.welcomed && this._keys.heard,
    });
    await this._agreement.load();
    connection.addEventListener('text', (event) => this._inOrder(() => this._onText(detailOf(event))));
    connection.addEventListener('messages', (event) => {
      for (const message of detailOf(event)) this._inOrder(() => this._onMessage(message));
    });
    connection.addEventListener('up', () => this._onUp());
    connection.addEventListener('down', () => this._onDown());
    connection.addEventListener('over', (event) => this._onOver(detailOf(event)));
    this._ticker = setInterval(() => this._tick(), TICK_MS);
    connection.start();
  }

  // ---- what the page asks

  /** Whether input would be taken: the screen is live, in step and current. */
  get accepting() {
    const { phase, connected, paused, grants, holder } = this.state;
    if (phase !== 'live' || !connected || paused || holder === 'host' || !grants.includes('control')) return false;
    return this._keys.confirmed && this._screen.current(now()) && !this._keys.pair?.out.full;
  }

  /** The operator heard the customer say that they typed the digits and accepted: show the screen. */
  async confirm() {
    if (this.state.phase !== 'confirm') return;
    this._keys.confirmed = true;
    this.set({ phase: 'live' });
    this._showAge();
    await this.options.store.confirm();
  }

  /** The operator wants to verify anew, with new digits, what could not be proved. */
  async verifyAgain() {
    if (this.state.phase !== 'unproved') return;
    await this._agreement?.forget();
    this.restart();
    if (this.state.present) await this._agreement?.start();
  }

  /** The customer typed the digits that the operator reads out. @param {string} typed */
  async compare(typed) {
    if (this.state.phase !== 'compare' || !this._customer) return;
    const verdict = this._customer.compare(typed);
    if (verdict === 'right') return this._decide();
    if (verdict === 'failed') return this._leave('system', 'verification_failed');
    this.set({ phase: 'verifying', attempt: this._customer.attempt });
    await this._agreement?.anew();
  }

  /** The customer stops looking on. @param {string} reason */
  stop(reason = 'ended') {
    this._leave('customer', reason);
  }

  /** Whether words would be passed on now. */
  get maySay() {
    const { phase, grants } = this.state;
    return phase === 'live' && grants.includes('chat');
  }

  /** Write to everybody; false when that is not allowed now. Throws `WireError` for what cannot be sent. @param {string} text */
  say(text) {
    if (!this.maySay) return false;
    this._say(Stream.CHAT, chat.encode(this.chat.write(text)));
    return true;
  }

  /** Send input in order; false when it was refused because no current picture is shown. @param {input.InputEvent[]} events */
  sendInput(events) {
    if (!this.accepting) return false;
    this._say(Stream.INPUT, input.encode(events, now()));
    return true;
  }

  /** Where the pointer is, in pixels of the picture. @param {number} x @param {number} y */
  movePointer(x, y) {
    const { pair } = this._keys;
    if (pair && this.accepting) pair.latest(Stream.INPUT, input.encodePointer(pair.out.generation(Stream.INPUT), x, y));
  }

  /** Let go of all keys and buttons; goes out even when the picture is old. */
  releaseAll() {
    if (this._keys.confirmed) this._say(Stream.INPUT, input.encode([{ type: 'release' }], now()));
  }

  /** Tell the host that it is over; the api is told by the page. @param {string} reason */
  end(reason) {
    this._ending = reason;
    this._say(Stream.CONTROL, control.encode({ type: 'end', reason }));
  }

  // ---- what the decoder answers

  /** @param {number} picture */
  drawn(picture) {
    this._screen.drawn(picture, now());
    this._showAge();
    this._sendFeedback();
  }

  /** The picture could not be decoded: only a catch-up helps. */
  failed() {
    this._screen.failed();
    this._sendFeedback();
  }
}

/** @param {Event} event */
function detailOf(event) {
  return /** @type {CustomEvent} */ (event).detail;
}

/** @param {unknown} error */
function slugOf(error) {
  if (error instanceof WireError) return error.slug;
  throw error;
}
