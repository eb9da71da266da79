/**
 * Keeps one link up: walks the relay list in order, wraps around, renews tickets (docs/protocol.md 9).
 * Fires `text` and `messages` as they come, `up`, `down`, and once `over` with how it ended for good.
 */

import { ALONE_VIEWER_MS, MAX_BACKOFF_MS, RENEW_MS } from './limits.js';
import { Close, FINAL, RelayLink } from './relay.js';
import { Refused, SessionEnded, Tickets } from './tickets.js';

/**
 * How a connection ended for good.
 * @typedef {{kind: 'ended', by: string, reason: string} | {kind: 'replaced'} | {kind: 'kicked'} | {kind: 'refused', detail: string}} Over
 */

const FIRST_BACKOFF_MS = 300;

export class Connection extends EventTarget {
  #link = /** @type {RelayLink | null} */ (null);
  #at = 0;
  #failures = 0;
  #stopped = false;
  #timers = /** @type {Set<number>} */ (new Set());
  #alone = 0;

  /** @param {Tickets} tickets */
  constructor(tickets) {
    super();
    this.tickets = tickets;
    this.#renewal = setInterval(() => this.#renew(), RENEW_MS);
  }

  #renewal;

  start() {
    this.#dial();
  }

  get open() {
    return this.#link?.open ?? false;
  }

  /** @param {Uint8Array} message */
  send(message) {
    this.#link?.send(message);
  }

  /** Leave this relay for the next one. @param {number} [code] */
  next(code = Close.GOODBYE) {
    if (this.#stopped) return;
    this.#link?.close(code);
    this.#lost(true);
  }

  /** Nobody else is on this relay (or somebody is again): alone for 3 s means looking on the next one, if there is one. @param {boolean} alone */
  alone(alone) {
    clearTimeout(this.#alone);
    if (!alone || this.tickets.relays.length < 2) return;
    this.#alone = setTimeout(() => this.next(), ALONE_VIEWER_MS);
  }

  /** Stop for good. */
  close() {
    this.#stopped = true;
    clearInterval(this.#renewal);
    clearTimeout(this.#alone);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#link?.close();
    this.#link = null;
  }

  #dial() {
    if (this.#stopped) return;
    const { relays } = this.tickets;
    const relay = relays[this.#at % relays.length];
    let opened = false;
    this.#link = new RelayLink(relay.url, this.tickets.for(relay.id), {
      onText: (text) => {
        if (!opened) this.#onUp();
        opened = true;
        this.dispatchEvent(new CustomEvent('text', { detail: text }));
      },
      onMessages: (messages) => this.dispatchEvent(new CustomEvent('messages', { detail: messages })),
      onClosed: (code) => this.#onClosed(code, opened),
    });
  }

  #onUp() {
    this.#failures = 0;
    this.dispatchEvent(new Event('up'));
  }

  /** @param {number} code @param {boolean} opened */
  #onClosed(code, opened) {
    if (FINAL.has(/** @type {any} */ (code))) this.#final(code);
    else this.#lost(!opened || code === Close.DRAIN);
  }

  /** @param {boolean} move whether to try the next relay rather than the same one */
  #lost(move) {
    this.#link = null;
    clearTimeout(this.#alone);
    this.dispatchEvent(new Event('down'));
    if (move) this.#at += 1;
    const { length } = this.tickets.relays;
    const round = Math.floor(this.#failures / length);
    this.#failures += 1;
    if (round === 0) this.#after(this.#failures > 1 ? 0 : 50, () => this.#dial());
    else this.#after(backoff(round), () => this.#refresh());
  }

  /** A whole round failed: perhaps the tickets are too old, perhaps it is over. */
  async #refresh() {
    await this.#renew();
    this.#dial();
  }

  async #renew() {
    try {
      await this.tickets.renew();
    } catch (error) {
      if (error instanceof SessionEnded) this.#over({ kind: 'ended', by: error.by, reason: error.reason });
      else if (error instanceof Refused) this.#over({ kind: 'refused', detail: error.message });
      // Anything else is the api being away: what is held now may still do.
    }
  }

  /** @param {number} code */
  async #final(code) {
    if (code === Close.REPLACED) return this.#over({ kind: 'replaced' });
    if (code === Close.KICKED) return this.#over({ kind: 'kicked' });
    await this.#renew();
    return this.#over({ kind: 'ended', by: 'system', reason: 'ended' });
  }

  /** @param {Over} detail */
  #over(detail) {
    if (this.#stopped) return;
    this.close();
    this.dispatchEvent(new CustomEvent('over', { detail }));
  }

  /** @param {number} ms @param {() => void} action */
  #after(ms, action) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#stopped) action();
    }, ms);
    this.#timers.add(timer);
  }
}

/** Milliseconds before round n, doubling, with up to a quarter of chance so that many viewers do not come at once. @param {number} round */
function backoff(round) {
  const ms = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(round, 10));
  return ms * (1 + Math.random() / 4);
}
