/** A keyboard on a bare text field; what it sends is kept for the test. */

import { Keyboard } from '/web/core/keyboard.js';

export function start() {
  document.querySelector('textarea')?.remove();
  const field = document.createElement('textarea');
  document.body.append(field);
  window.sent = [];
  const describe = (event) =>
    event.type === 'key' ? `${event.down ? '+' : '-'}${event.keysym.toString(16)}` : `text ${event.text}`;
  window.keyboard = new Keyboard(field, {
    send: (events) => window.sent.push(...events.map(describe)),
    releaseAll: () => window.sent.push('release'),
    leave: () => window.sent.push('leave'),
  });
  field.focus();
}

/** Dispatch a key event as some platform would. */
export function key(type, fields) {
  const event = new KeyboardEvent(type, { bubbles: true, cancelable: true, ...fields });
  document.querySelector('textarea').dispatchEvent(event);
  return event.defaultPrevented;
}
