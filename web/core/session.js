/**
 * One viewer's session, without a page: connects, agrees on keys, takes pictures, acknowledges, comes back after a loss
 * (docs/protocol.md 5, 6 and 9). What it learns it fires as events:
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
import { Conversation } from './chat.js';
import { Customer } from './customer.js';
import { Connection } from './connection.js';
import { Forged, TooLarge, WireError } from './errors.js';
import { claimsOf, demandsOf, statementHash } from './handshake.js';
import { Delivery, Stream, deliveryOf, header, pack, unpack } from './header.js';
import { concat } from './bytes.js';
import { Keyring } from './keyring.js';
import { METHOD_LINK } from './keys.js';
import { DECISION_MS, HEADER_BYTES, KEEP_MS, RESUME_PATIENCE_MS, TICK_MS } from './limits.js';
import * as chat from './messages/chat.js';
import * as control from './messages/control.js';
import * as feedback from './messages/feedback.js';
import * as input from './messages/input.js';
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

export class ViewerSession extends Stateful {
  #host = 1;
  #keys;
  #agreement = /** @type {Agreement | null} */ (null);
  #statement = new Uint8Array();
  #screen = new Screen();
  /** @type {Customer | null} */
  #customer;
  /** When the keys in hand were agreed, and when they were last stored, in monotonic milliseconds. */
  #agreedAt = 0;
  #keptAt = 0;
  #handshakes = 0n;
  /** Why this side ended it: who ended is then known here, whatever the others say. */
  #ending = '';
  #policies = /** @type {Policies | null} */ (null);
  /** What this session may still have beside the screen. */
  #features = /** @type {string[]} */ ([]);
  /** Messages are opened one after another: opening is asynchronous, order matters. */
  #inbox = /** @type {Promise<unknown>} */ (Promise.resolve());
  #ticker = 0;
  #deciding = 0;

  /** @param {Options} options */
  constructor(options) {
    super();
    this.options = options;
    this.tickets = new Tickets(options.source, options.grant, options.resumed);
    this.chat = new Conversation(this.tickets.sender);
    this.#customer = options.customer ? new Customer() : null;
    this.connection = new Connection(this.tickets);
    this.#features = options.grant.features;
    this.#keys = new Keyring(this.tickets.sender, this.#host, (message) => this.connection.send(message));
  }

  async start() {
    const { connection, tickets, options } = this;
    this.#statement = await statementHash(options.grant.statement);
    let demands;
    try {
      demands = demandsOf(options.grant.statement);
    } catch (error) {
      return this.set({ phase: 'failed', why: slugOf(error) });
    }
    const parties = { statement: this.#statement, host: this.#host, viewer: tickets.sender, demands };
    this.#agreement = new Agreement({
      parties,
      ticket: tickets.first,
      link: options.link,
      introduction: () => tickets.grant.introduction ?? '',
      ownLink: !options.customer && (options.ownLink ?? true),
      store: options.store,
      send: (body) => this.#sendClear(body),
      agreed: (association, confirmed) => this.#agreed(association, confirmed),
      step: (step) => this.#onStep(step),
      sure: () => this.#keys.welcomed && this.#keys.heard,
    });
    await this.#agreement.load();
    connection.addEventListener('text', (event) => this.#inOrder(() => this.#onText(detailOf(event))));
    connection.addEventListener('messages', (event) => {
      for (const message of detailOf(event)) this.#inOrder(() => this.#onMessage(message));
    });
    connection.addEventListener('up', () => this.#onUp());
    connection.addEventListener('down', () => this.#onDown());
    connection.addEventListener('over', (event) => this.#onOver(detailOf(event)));
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    connection.start();
  }

  // ---- what the page asks

  /** Whether input would be taken: the screen is live, in step and current. */
  get accepting() {
    const { phase, connected, paused, grants, holder } = this.state;
    if (phase !== 'live' || !connected || paused || holder === 'host' || !grants.includes('control')) return false;
    return this.#keys.confirmed && this.#screen.current(now()) && !this.#keys.pair?.out.full;
  }

  /** The operator heard the customer say that they typed the digits and accepted: show the screen. */
  async confirm() {
    if (this.state.phase !== 'confirm') return;
    this.#keys.confirmed = true;
    this.set({ phase: 'live' });
    this.#showAge();
    await this.options.store.confirm();
  }

  /** The operator wants to verify anew, with new digits, what could not be proved. */
  async verifyAgain() {
    if (this.state.phase !== 'unproved') return;
    await this.#agreement?.forget();
    this.restart();
    if (this.state.present) await this.#agreement?.start();
  }

  /** The customer typed the digits that the operator reads out. @param {string} typed */
  async compare(typed) {
    if (this.state.phase !== 'compare' || !this.#customer) return;
    const verdict = this.#customer.compare(typed);
    if (verdict === 'right') return this.#decide();
    if (verdict === 'failed') return this.#leave('system', 'verification_failed');
    this.set({ phase: 'verifying', attempt: this.#customer.attempt });
    await this.#agreement?.anew();
  }

  /** The customer's yes or no to looking on. @param {boolean} yes */
  decide(yes) {
    if (this.state.phase !== 'decide') return;
    clearTimeout(this.#deciding);
    if (!yes) return void this.#leave('customer', 'refused');
    this.#keys.confirmed = true;
    this.#say(Stream.CONTROL, control.encode({ type: 'accept' }));
    this.set({ phase: 'asking' });
  }

  /** The customer stops looking on. @param {string} reason */
  stop(reason = 'ended') {
    this.#leave('customer', reason);
  }

  #decide() {
    this.set({ phase: 'decide', digits: '' });
    clearTimeout(this.#deciding);
    this.#deciding = setTimeout(() => this.decide(false), DECISION_MS);
  }

  /** End it, sealed, and let that out. @param {string} by @param {string} reason */
  async #leave(by, reason) {
    this.#say(Stream.CONTROL, control.encode({ type: 'end', reason }));
    await this.#keys.pair?.settled();
    this.#over(by, reason);
  }

  /** Whether words would be passed on now. */
  get maySay() {
    const { phase, grants } = this.state;
    return phase === 'live' && grants.includes('chat');
  }

  /** Write to everybody; false when that is not allowed now. Throws `WireError` for what cannot be sent. @param {string} text */
  say(text) {
    if (!this.maySay) return false;
    this.#say(Stream.CHAT, chat.encode(this.chat.write(text)));
    return true;
  }

  /** Send input in order; false when it was refused because no current picture is shown. @param {input.InputEvent[]} events */
  sendInput(events) {
    if (!this.accepting) return false;
    this.#say(Stream.INPUT, input.encode(events, now()));
    return true;
  }

  /** Where the pointer is, in pixels of the picture. @param {number} x @param {number} y */
  movePointer(x, y) {
    const { pair } = this.#keys;
    if (pair && this.accepting) pair.latest(Stream.INPUT, input.encodePointer(pair.out.generation(Stream.INPUT), x, y));
  }

  /** Let go of all keys and buttons; goes out even when the picture is old. */
  releaseAll() {
    if (this.#keys.confirmed) this.#say(Stream.INPUT, input.encode([{ type: 'release' }], now()));
  }

  /** Tell the host that it is over; the api is told by the page. @param {string} reason */
  end(reason) {
    this.#ending = reason;
    this.#say(Stream.CONTROL, control.encode({ type: 'end', reason }));
  }

  /** Stop everything here; the session itself goes on. */
  close() {
    clearInterval(this.#ticker);
    this.#agreement?.stop();
    this.#keys.pair?.close();
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
    } else if (text.type === 'policy') {
      await this.#narrow(text.token);
    } else if (text.type === 'drain') {
      this.connection.next(Close.GOODBYE);
    } else if (text.type === 'ended') {
      this.#over(control.textOf(text.by, 'system'), control.textOf(text.reason, 'ended'));
    }
  }

  /** What the organisation's policy leaves from now on; the host's `grants` follow by themselves. @param {unknown} token */
  async #narrow(token) {
    const { grant, source } = this.tickets;
    if (!source.keys) return;
    this.#policies ??= new Policies(source.keys, String(claimsOf(grant.statement).iss), grant.session_id);
    const narrowing = await this.#policies.take(token);
    if (!narrowing) return;
    const taken = this.#features.filter((feature) => !narrowing.features.includes(feature));
    this.#features = this.#features.filter((feature) => narrowing.features.includes(feature));
    this.dispatchEvent(new CustomEvent('narrowed', { detail: { taken, seconds: narrowing.seconds } }));
  }

  /** @param {boolean} present */
  async #setPresent(present) {
    const { pair, welcomed } = this.#keys;
    this.set({ present });
    // It may be another process of the host, without these keys; what they proved stays.
    this.#keys.heard = false;
    this.connection.alone(!present);
    if (!present) {
      this.#agreement?.pause();
      if (!pair) this.set({ phase: 'waiting' });
      return;
    }
    // Without keys, or with new ones that the host may not have got to know, there is nothing to go on with.
    if (!pair || (!welcomed && this.state.phase === 'resuming')) return void (await this.#agreement?.retry());
    this.#screen.lost();
    this.#screen.begin(now());
    pair.resend();
    this.#sendFeedback();
  }

  /** @param {Uint8Array} message */
  async #onMessage(message) {
    const fields = unpack(message);
    if (fields.sender !== this.#host) return;
    if (fields.stream === Stream.HANDSHAKE) return void (await this.#agreement?.receive(message.subarray(HEADER_BYTES)));
    try {
      const opened = await this.#keys.open(fields, message);
      if (opened?.pairwise) await this.#onPairwise(fields.stream, opened.body);
      else if (opened) await this.#onBroadcast(fields, opened.body);
    } catch (error) {
      if (!(error instanceof Forged)) throw error;
      if (this.#keys.broken) this.connection.next(Close.PROTOCOL);
    }
  }

  /** @param {number} stream @param {Uint8Array} body */
  async #onPairwise(stream, body) {
    if (stream === Stream.FEEDBACK) return this.#keys.pair?.acknowledge(feedback.decode(body).generations);
    if (stream === Stream.CONTROL) await this.#onControl(control.decode(body));
    if (stream === Stream.CHAT && this.#keys.welcomed) this.#onChat(body);
    return this.#sendFeedback();
  }

  /** @param {control.Control} message */
  async #onControl(message) {
    if (message.type === 'welcome' || message.type === 'epoch') {
      const { epoch, secret } = control.epochOf(message);
      await this.#keys.epochs.add(epoch, secret);
      if (message.type === 'welcome') await this.#onWelcome(control.stringsOf(message.grants), holderOf(message));
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
      this.#over(control.textOf(message.by, 'customer'), control.textOf(message.reason, 'ended'));
    }
  }

  /** @param {Uint8Array} body */
  #onChat(body) {
    const line = this.chat.take(body);
    if (line) this.dispatchEvent(new CustomEvent('chat', { detail: { line, mine: line.from === this.tickets.sender } }));
  }

  /** The keys are good; whether they are the customer's is another question. @param {string[]} grants @param {'host' | 'viewer'} holder */
  async #onWelcome(grants, holder) {
    this.#keys.welcomed = true;
    this.#agreement?.settled();
    this.#screen.begin(now());
    await this.options.store.accept();
    if (this.#keys.confirmed) await this.options.store.confirm();
    this.set({ phase: this.#keys.confirmed ? 'live' : 'confirm', grants, holder, digits: '' });
    for (const line of this.chat.waiting.values()) this.#say(Stream.CHAT, chat.encode(line));
  }

  /** @param {import('./header.js').Header} fields @param {Uint8Array} body */
  async #onBroadcast(fields, body) {
    if (fields.stream === Stream.BEACON) {
      this.set({ paused: await this.#screen.beacon(fields, body, now()) });
      this.#showAge();
    } else if (deliveryOf(fields.kind) === Delivery.LATEST) {
      await this.#screen.latest(fields, body);
    } else if (fields.stream === Stream.SCREEN) {
      const { usable, picture } = await this.#screen.part(fields, body, now());
      if (picture) this.dispatchEvent(new CustomEvent('picture', { detail: picture }));
      else if (usable) this.#sendFeedback();
    }
  }

  // ---- keys

  /** @param {import('./handshake.js').Association} association @param {boolean} confirmed */
  async #agreed(association, confirmed) {
    this.#agreedAt = now();
    if (this.#customer) this.#customer.linked = association.method === METHOD_LINK;
    await this.#keys.take(association, confirmed);
    this.#blank({ statement: this.#statement, host: this.#host, signer: association.signer });
  }

  /** @param {import('./proof.js').Origin | null} [origin] */
  #blank(origin = null) {
    this.#screen.reset(origin);
    this.dispatchEvent(new Event('blank'));
  }

  /** @param {import('./agreement.js').Step} step */
  #onStep(step) {
    clearTimeout(this.#deciding);
    if (step.name === 'refused') return this.#over(this.#customer ? 'operator' : 'customer', 'refused');
    if (this.#customer && step.name === 'digits') {
      this.#customer.expect(step.digits);
      return this.set({ phase: 'compare', digits: '' });
    }
    // In clear a relay can say 'asking' as well: only a link's secret stands in for the digits.
    if (this.#customer && step.name === 'asking') return this.#customer.linked ? this.#decide() : undefined;
    if (step.name === 'unproved') {
      this.#keys.drop();
      this.#blank();
    }
    const digits = step.name === 'digits' ? step.digits : '';
    const why = step.name === 'failed' ? step.why : '';
    return this.set({ phase: step.name, digits, why });
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
      this.#keys.pair?.say(stream, body);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
    }
  }

  #sendFeedback() {
    const { pair, welcomed } = this.#keys;
    if (!pair || !this.connection.open) return;
    const body = feedback.encode({
      ms: now(),
      ...this.#screen.feedback,
      welcomed,
      generations: pair.incoming.generations,
    });
    pair.latest(Stream.FEEDBACK, body);
  }

  // ---- time and ends

  #tick() {
    const { connected, present, phase } = this.state;
    const { pair, welcomed } = this.#keys;
    const time = now();
    if (welcomed && connected) {
      if (present) this.#screen.tick(time);
      if (this.#screen.silent(time, this.state.paused)) return this.connection.next(Close.TIMEOUT);
    }
    const late = phase === 'resuming' && !welcomed && time - this.#agreedAt > RESUME_PATIENCE_MS;
    if (pair && present && (pair.worn || late) && !this.#agreement?.busy) this.#agreement?.retry();
    if (welcomed && time - this.#keptAt > KEEP_MS) {
      this.#keptAt = time;
      this.options.store.keep();
    }
    this.#showAge();
    return this.#sendFeedback();
  }

  #showAge() {
    this.set({ age: this.state.phase === 'live' ? this.#screen.age(now()) : 0 });
  }

  #onUp() {
    this.#keys.forgive();
    this.set({ connected: true });
  }

  #onDown() {
    this.#agreement?.pause();
    this.#screen.lost();
    this.set({ connected: false, present: false, phase: this.#keys.pair ? this.state.phase : 'connecting' });
  }

  /** @param {import('./connection.js').Over} over */
  #onOver(over) {
    if (over.kind === 'ended') this.#over(over.by, over.reason);
    else if (over.kind === 'refused') this.#over('system', over.detail);
    else this.set({ phase: 'failed', why: over.kind });
  }

  /** @param {string} by @param {string} reason */
  #over(by, reason) {
    if (this.state.phase === 'over') return;
    this.close();
    this.options.store.clear();
    clearTimeout(this.#deciding);
    const ended = this.#ending ? { by: 'operator', reason: this.#ending } : { by, reason };
    this.set({ phase: 'over', ...ended, digits: '', connected: false });
  }
}

/** @param {Event} event */
function detailOf(event) {
  return /** @type {CustomEvent} */ (event).detail;
}

/** @param {control.Control} message @returns {'host' | 'viewer'} */
function holderOf(message) {
  return message.holder === 'host' ? 'host' : 'viewer';
}

/** @param {unknown} error */
function slugOf(error) {
  if (error instanceof WireError) return error.slug;
  throw error;
}
