/**
 * What reaches one viewer and what follows: texts of the relay, sealed messages in their order, keys, time and ends
 * (docs/protocol.md 4 to 9). What a page asks of it is `session.js`. Members that begin with an underscore are for these two files.
 */

import { Agreement } from './agreement.js';
import { Conversation } from './chat.js';
import { Customer } from './customer.js';
import { Connection } from './connection.js';
import { Forged, TooLarge, WireError } from './errors.js';
import { claimsOf } from './handshake.js';
import { Delivery, Stream, deliveryOf, header, pack, unpack } from './header.js';
import { concat } from './bytes.js';
import { Keyring } from './keyring.js';
import { METHOD_LINK } from './keys.js';
import { DECISION_MS, HEADER_BYTES, KEEP_MS, RESUME_PATIENCE_MS } from './limits.js';
import * as chat from './messages/chat.js';
import * as control from './messages/control.js';
import * as feedback from './messages/feedback.js';
import { Policies } from './policy.js';
import { Close } from './relay.js';
import { Screen } from './screen.js';
import { Stateful } from './state.js';
import { Tickets } from './tickets.js';

/**
 * @typedef {import('./state.js').State} State
 *
 * @typedef {object} Options
 * @property {import('./tickets.js').Grant} grant
 * @property {import('./tickets.js').TicketSource} source
 * @property {import('./resume_store.js').ResumeStore} store
 * @property {Uint8Array} [link] the secret of the join link
 * @property {boolean} [customer] the host is the operator: this side compares the digits and decides
 * @property {boolean} [resumed] the first ticket was used by an earlier page
 * @property {boolean} [ownLink] whether that secret was made here; one that came from elsewhere does not vouch for anybody
 */

/** Monotonic milliseconds. */
const now = () => performance.now();

export class Receiving extends Stateful {
  _host = 1;
  _keys;
  _agreement = /** @type {Agreement | null} */ (null);
  _statement = new Uint8Array();
  _screen = new Screen();
  /** @type {Customer | null} */
  _customer;
  /** When the keys in hand were agreed, and when they were last stored, in monotonic milliseconds. */
  _agreedAt = 0;
  _keptAt = 0;
  _handshakes = 0n;
  /** Why this side ended it: who ended is then known here, whatever the others say. */
  _ending = '';
  _policies = /** @type {Policies | null} */ (null);
  /** What this session may still have beside the screen. */
  _features = /** @type {string[]} */ ([]);
  /** Messages are opened one after another: opening is asynchronous, order matters. */
  _inbox = /** @type {Promise<unknown>} */ (Promise.resolve());
  _ticker = 0;
  _deciding = 0;

  /** @param {Options} options */
  constructor(options) {
    super();
    this.options = options;
    this.tickets = new Tickets(options.source, options.grant, options.resumed);
    this.chat = new Conversation(this.tickets.sender);
    this._customer = options.customer ? new Customer() : null;
    this.connection = new Connection(this.tickets);
    this._features = options.grant.features;
    this._keys = new Keyring(this.tickets.sender, this._host, (message) => this.connection.send(message));
  }

  // ---- receiving

  /** @param {() => unknown} action */
  _inOrder(action) {
    // What cannot be read is dropped; anything else is a fault of ours, told, but the next message is still taken.
    this._inbox = this._inbox.then(action).catch((error) => error instanceof WireError || reportError(error));
  }

  /** @param {control.Control} text */
  async _onText(text) {
    if (text.type === 'welcome') {
      const present = Array.isArray(text.present) ? text.present : [];
      const host = present.some((other) => other?.role === 'host' && other.sender === this._host);
      await this._setPresent(host);
    } else if (text.type === 'joined' && text.sender === this._host) {
      await this._setPresent(true);
    } else if (text.type === 'left' && text.sender === this._host) {
      await this._setPresent(false);
    } else if (text.type === 'policy') {
      await this._narrow(text.token);
    } else if (text.type === 'drain') {
      this.connection.next(Close.GOODBYE);
    } else if (text.type === 'ended') {
      this._over(control.textOf(text.by, 'system'), control.textOf(text.reason, 'ended'));
    }
  }

  /** What the organisation's policy leaves from now on; the host's `grants` follow by themselves. @param {unknown} token */
  async _narrow(token) {
    const { grant, source } = this.tickets;
    if (!source.keys) return;
    this._policies ??= new Policies(source.keys, String(claimsOf(grant.statement).iss), grant.session_id);
    const narrowing = await this._policies.take(token);
    if (!narrowing) return;
    const taken = this._features.filter((feature) => !narrowing.features.includes(feature));
    this._features = this._features.filter((feature) => narrowing.features.includes(feature));
    this.dispatchEvent(new CustomEvent('narrowed', { detail: { taken, seconds: narrowing.seconds } }));
  }

  /** @param {boolean} present */
  async _setPresent(present) {
    const { pair, welcomed } = this._keys;
    this.set({ present });
    // It may be another process of the host, without these keys; what they proved stays.
    this._keys.heard = false;
    this.connection.alone(!present);
    if (!present) {
      this._agreement?.pause();
      if (!pair) this.set({ phase: 'waiting' });
      return;
    }
    // Without keys, or with new ones that the host may not have got to know, there is nothing to go on with.
    if (!pair || (!welcomed && this.state.phase === 'resuming')) return void (await this._agreement?.retry());
    this._screen.lost();
    this._screen.begin(now());
    pair.resend();
    this._sendFeedback();
  }

  /** @param {Uint8Array} message */
  async _onMessage(message) {
    const fields = unpack(message);
    if (fields.sender !== this._host) return;
    if (fields.stream === Stream.HANDSHAKE) return void (await this._agreement?.receive(message.subarray(HEADER_BYTES)));
    try {
      const opened = await this._keys.open(fields, message);
      if (opened?.pairwise) await this._onPairwise(fields.stream, opened.body);
      else if (opened) await this._onBroadcast(fields, opened.body);
    } catch (error) {
      if (!(error instanceof Forged)) throw error;
      if (this._keys.broken) this.connection.next(Close.PROTOCOL);
    }
  }

  /** @param {number} stream @param {Uint8Array} body */
  async _onPairwise(stream, body) {
    if (stream === Stream.FEEDBACK) return this._keys.pair?.acknowledge(feedback.decode(body).generations);
    if (stream === Stream.CONTROL) await this._onControl(control.decode(body));
    if (stream === Stream.CHAT && this._keys.welcomed) this._onChat(body);
    return this._sendFeedback();
  }

  /** @param {control.Control} message */
  async _onControl(message) {
    if (message.type === 'welcome' || message.type === 'epoch') {
      const { epoch, secret } = control.epochOf(message);
      await this._keys.epochs.add(epoch, secret);
      if (message.type === 'welcome') await this._onWelcome(control.stringsOf(message.grants), holderOf(message));
    } else if (message.type === 'grants') {
      this.set({ grants: control.stringsOf(message.grants) });
    } else if (message.type === 'control') {
      this.set({ holder: holderOf(message) });
    } else if (message.type === 'ignored' && message.stream === 'chat') {
      const line = this.chat.refused(message.id);
      if (line) this.dispatchEvent(new CustomEvent('unsaid', { detail: { line } }));
    } else if (message.type === 'ignored') {
      this.dispatchEvent(new CustomEvent('ignored', { detail: { count: Number(message.count) || 0 } }));
    } else if (message.type === 'end') {
      this._over(control.textOf(message.by, 'customer'), control.textOf(message.reason, 'ended'));
    }
  }

  /** @param {Uint8Array} body */
  _onChat(body) {
    const line = this.chat.take(body);
    if (line) this.dispatchEvent(new CustomEvent('chat', { detail: { line, mine: line.from === this.tickets.sender } }));
  }

  /** The keys are good; whether they are the customer's is another question. @param {string[]} grants @param {'host' | 'viewer'} holder */
  async _onWelcome(grants, holder) {
    this._keys.welcomed = true;
    this._agreement?.settled();
    this._screen.begin(now());
    await this.options.store.accept();
    if (this._keys.confirmed) await this.options.store.confirm();
    this.set({ phase: this._keys.confirmed ? 'live' : 'confirm', grants, holder, digits: '' });
    for (const line of this.chat.waiting.values()) this._say(Stream.CHAT, chat.encode(line));
  }

  /** @param {import('./header.js').Header} fields @param {Uint8Array} body */
  async _onBroadcast(fields, body) {
    if (fields.stream === Stream.BEACON) {
      this.set({ paused: await this._screen.beacon(fields, body, now()) });
      this._showAge();
    } else if (deliveryOf(fields.kind) === Delivery.LATEST) {
      await this._screen.latest(fields, body);
    } else if (fields.stream === Stream.SCREEN) {
      const { usable, picture } = await this._screen.part(fields, body, now());
      if (picture) this.dispatchEvent(new CustomEvent('picture', { detail: picture }));
      else if (usable) this._sendFeedback();
    }
  }

  // ---- keys

  /** @param {import('./handshake.js').Association} association @param {boolean} confirmed */
  async _agreed(association, confirmed) {
    this._agreedAt = now();
    if (this._customer) this._customer.linked = association.method === METHOD_LINK;
    await this._keys.take(association, confirmed);
    this._blank({ statement: this._statement, host: this._host, signer: association.signer });
  }

  /** @param {import('./proof.js').Origin | null} [origin] */
  _blank(origin = null) {
    this._screen.reset(origin);
    this.dispatchEvent(new Event('blank'));
  }

  /** @param {import('./agreement.js').Step} step */
  _onStep(step) {
    clearTimeout(this._deciding);
    if (step.name === 'refused') return this._over(this._customer ? 'operator' : 'customer', 'refused');
    if (this._customer && step.name === 'digits') {
      this._customer.expect(step.digits);
      return this.set({ phase: 'compare', digits: '' });
    }
    // In clear a relay can say 'asking' as well: only a link's secret stands in for the digits.
    if (this._customer && step.name === 'asking') return this._customer.linked ? this._decide() : undefined;
    if (step.name === 'unproved') {
      this._keys.drop();
      this._blank();
    }
    const digits = step.name === 'digits' ? step.digits : '';
    const why = step.name === 'failed' ? step.why : '';
    return this.set({ phase: step.name, digits, why });
  }

  // ---- sending

  /** A handshake body, in clear. @param {Uint8Array} body */
  _sendClear(body) {
    const fields = { kind: Delivery.ORDERED, stream: Stream.HANDSHAKE, sender: this.tickets.sender, recipient: this._host };
    this.connection.send(concat(pack(header({ ...fields, seq: this._handshakes++ })), body));
  }

  /** @param {number} stream @param {Uint8Array} body */
  _say(stream, body) {
    try {
      this._keys.pair?.say(stream, body);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
    }
  }

  _sendFeedback() {
    const { pair, welcomed } = this._keys;
    if (!pair || !this.connection.open) return;
    const body = feedback.encode({
      ms: now(),
      ...this._screen.feedback,
      welcomed,
      generations: pair.incoming.generations,
    });
    pair.latest(Stream.FEEDBACK, body);
  }

  // ---- time and ends

  _tick() {
    const { connected, present, phase } = this.state;
    const { pair, welcomed } = this._keys;
    const time = now();
    if (welcomed && connected) {
      if (present) this._screen.tick(time);
      if (this._screen.silent(time, this.state.paused)) return this.connection.next(Close.TIMEOUT);
    }
    const late = phase === 'resuming' && !welcomed && time - this._agreedAt > RESUME_PATIENCE_MS;
    if (pair && present && (pair.worn || late) && !this._agreement?.busy) this._agreement?.retry();
    if (welcomed && time - this._keptAt > KEEP_MS) {
      this._keptAt = time;
      this.options.store.keep();
    }
    this._showAge();
    return this._sendFeedback();
  }

  _showAge() {
    this.set({ age: this.state.phase === 'live' ? this._screen.age(now()) : 0 });
  }

  _onUp() {
    this._keys.forgive();
    this.set({ connected: true });
  }

  _onDown() {
    this._agreement?.pause();
    this._screen.lost();
    this.set({ connected: false, present: false, phase: this._keys.pair ? this.state.phase : 'connecting' });
  }

  /** @param {import('./connection.js').Over} over */
  _onOver(over) {
    if (over.kind === 'ended') this._over(over.by, over.reason);
    else if (over.kind === 'refused') this._over('system', over.detail);
    else this.set({ phase: 'failed', why: over.kind });
  }

  /** @param {string} by @param {string} reason */
  _over(by, reason) {
    if (this.state.phase === 'over') return;
    this.close();
    this.options.store.clear();
    clearTimeout(this._deciding);
    const ended = this._ending ? { by: 'operator', reason: this._ending } : { by, reason };
    this.set({ phase: 'over', ...ended, digits: '', connected: false });
  }

  // ---- what a page asks as well

  /** Stop everything here; the session itself goes on. */
  close() {
    clearInterval(this._ticker);
    this._agreement?.stop();
    this._keys.pair?.close();
    this.connection.close();
  }

  /** The customer's yes or no to looking on. @param {boolean} yes */
  decide(yes) {
    if (this.state.phase !== 'decide') return;
    clearTimeout(this._deciding);
    if (!yes) return void this._leave('customer', 'refused');
    this._keys.confirmed = true;
    this._say(Stream.CONTROL, control.encode({ type: 'accept' }));
    this.set({ phase: 'asking' });
  }

  _decide() {
    this.set({ phase: 'decide', digits: '' });
    clearTimeout(this._deciding);
    this._deciding = setTimeout(() => this.decide(false), DECISION_MS);
  }

  /** End it, sealed, and let that out. @param {string} by @param {string} reason */
  async _leave(by, reason) {
    this._say(Stream.CONTROL, control.encode({ type: 'end', reason }));
    await this._keys.pair?.settled();
    this._over(by, reason);
  }
}

/** @param {control.Control} message @returns {'host' | 'viewer'} */
function holderOf(message) {
  return message.holder === 'host' ? 'host' : 'viewer';
}
