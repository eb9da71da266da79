/** One WebSocket to one relay (docs/protocol.md 1): a thin shell that turns frames into messages and texts. */

import { Malformed, WireError } from './errors.js';
import { joinFrame, splitFrame } from './header.js';
import { CONNECT_MS } from './limits.js';
import { decodeText } from './messages/control.js';

/** WebSocket close codes of docs/protocol.md 1. */
export const Close = Object.freeze({
  GOODBYE: 1000,
  REPLACED: 4001,
  KICKED: 4002,
  ENDED: 4003,
  SLOW: 4004,
  DRAIN: 4005,
  PROTOCOL: 4006,
  TOO_LARGE: 4007,
  TIMEOUT: 4008,
  LIMIT: 4009,
});
/** After these an endpoint does not reconnect. */
export const FINAL = new Set([Close.REPLACED, Close.KICKED, Close.ENDED]);

/**
 * @typedef {object} RelayHandlers
 * @property {(text: import('./messages/control.js').Control) => void} onText
 * @property {(messages: Uint8Array[]) => void} onMessages
 * @property {(code: number, opened: boolean) => void} onClosed called once; not after `close()`
 */

/** Where a relay listens for endpoints. @param {string} url of the relay, as the api gives it */
export function connectUrl(url) {
  const { protocol, origin } = new URL(url);
  if (protocol !== 'ws:' && protocol !== 'wss:') throw new Malformed(`${origin} is not the address of a relay`);
  return new URL('/v1/connect', url).href;
}

export class RelayLink {
  #opened = false;
  #closed = false;
  #socket;
  #timer;

  /** @param {string} url of the relay @param {string} ticket @param {RelayHandlers} handlers */
  constructor(url, ticket, handlers) {
    this.handlers = handlers;
    this.#socket = new WebSocket(connectUrl(url), ['tasuki.v1', `ticket.${ticket}`]);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onopen = () => this.#onOpen();
    this.#socket.onmessage = (event) => this.#onFrame(event.data);
    this.#socket.onclose = (event) => this.#end(event.code);
    this.#timer = setTimeout(() => this.#abandon(Close.TIMEOUT), CONNECT_MS);
  }

  /** @param {Uint8Array} message sealed, or of the handshake */
  send(message) {
    if (this.open) this.#socket.send(joinFrame([message]));
  }

  get open() {
    return this.#opened && !this.#closed && this.#socket.readyState === WebSocket.OPEN;
  }

  /** Leave; `onClosed` is not called. @param {number} [code] */
  close(code = Close.GOODBYE) {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket.close(code);
  }

  #onOpen() {
    this.#opened = true;
    clearTimeout(this.#timer);
  }

  /** @param {string | ArrayBuffer} data */
  #onFrame(data) {
    if (this.#closed) return;
    try {
      if (typeof data === 'string') this.handlers.onText(decodeText(data));
      else this.handlers.onMessages(splitFrame(new Uint8Array(data)));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#abandon(Close.PROTOCOL);
    }
  }

  /** Close without waiting for the other end, which may be dead. @param {number} code */
  #abandon(code) {
    if (this.#closed) return;
    this.#socket.close(code);
    this.#end(code);
  }

  /** @param {number} code */
  #end(code) {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.handlers.onClosed(code, this.#opened);
  }
}
