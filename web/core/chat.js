/** The viewer's side of the conversation: shows each message once, and sends its own until the host passes it on. */

import * as chat from './messages/chat.js';

/** @typedef {chat.Line} Line */

export class Conversation {
  /** What was written, in the host's order. @type {Line[]} */
  lines = [];
  /** What the host has not passed on yet. @type {Map<string, Line>} */
  waiting = new Map();
  #known = new Set();

  /** @param {number} me sender id of this viewer */
  constructor(me) {
    this.me = me;
  }

  /** A message of ours, to be sent now and after each resume until it comes back. Throws `WireError`. @param {string} text */
  write(text) {
    const line = { id: chat.newId(), text: chat.checked(text), from: this.me, name: '' };
    this.waiting.set(line.id, line);
    return line;
  }

  /** What the host passes on, or null when it is known. @param {Uint8Array} body */
  take(body) {
    const line = chat.decode(body);
    if (line.from === this.me) this.waiting.delete(line.id);
    const key = `${line.from}/${line.id}`;
    if (this.#known.has(key)) return null;
    this.#known.add(key);
    this.lines.push(line);
    return line;
  }

  /** The host did not take it. @param {unknown} id */
  refused(id) {
    const line = typeof id === 'string' ? this.waiting.get(id) : undefined;
    if (line) this.waiting.delete(line.id);
    return line;
  }
}
