/** Dialogs over the page and short notes at its edge. Built on <dialog>: the browser keeps the focus inside and gives it back. */

import { Cancelled, explain } from './api.js';
import { h, messageBox } from './dom.js';
import { bindText, hasText } from './i18n.js';

/** How long (ms) a note stays. */
const NOTE_MS = 4_000;
let numbers = 0;

/**
 * Show `content` in a dialog; gives what it was closed with, `undefined` when it was dismissed.
 * @template T
 * @param {{title: string, values?: import('./i18n.js').Values, wide?: boolean}} options
 * @param {(close: (value?: T) => void) => Node[]} build
 * @returns {Promise<T | undefined>}
 */
export function openDialog({ title, values, wide }, build) {
  const id = `dialog-${++numbers}`;
  const element = h('dialog', { class: `dialog card${wide ? ' wide' : ''}`, 'aria-labelledby': id });
  return new Promise((resolve) => {
    /** @type {T | undefined} */
    let given;
    const close = (/** @type {T} */ value) => {
      given = value;
      element.close();
    };
    element.addEventListener('close', () => {
      element.remove();
      resolve(given);
    });
    element.append(h('div', { class: 'stack' }, h('h2', { id, t: title, values }), ...build(/** @type {any} */ (close))));
    document.body.append(element);
    element.showModal();
    /** @type {HTMLElement | null} */ (element.querySelector('[data-focus]'))?.focus();
  });
}

/**
 * Ask before something that cannot be taken back, then do it; trouble is said in the dialog. Gives what `act` gave.
 * @template T
 * @param {object} options
 * @param {string} options.title
 * @param {string} options.text what will happen
 * @param {string} options.confirm the button's text
 * @param {import('./i18n.js').Values} [options.values]
 * @param {boolean} [options.danger]
 * @param {() => Promise<T>} options.act
 * @returns {Promise<T | undefined>}
 */
export function confirmDialog({ title, text, confirm, values, danger = true, act }) {
  return openDialog({ title, values }, (/** @type {(value?: T) => void} */ close) => {
    const message = messageBox();
    const button = h('button', { type: 'button', class: `${danger ? 'danger' : 'primary'} confirm`, t: confirm });
    button.addEventListener('click', async () => {
      button.disabled = true;
      message.hide();
      try {
        close(await act());
      } catch (error) {
        if (!(error instanceof Cancelled)) message.show(...explain(error, hasText));
      } finally {
        button.disabled = false;
      }
    });
    const cancel = h('button', { type: 'button', t: 'app.cancel', 'data-focus': true, onclick: () => close() });
    return [h('p', { t: text, values }), message.element, h('div', { class: 'row end' }, cancel, button)];
  });
}

const notes = h('div', { class: 'notes', role: 'status', popover: 'manual' });

/** Say in passing that something was done. @param {string} key @param {import('./i18n.js').Values} [values] */
export function note(key, values = {}) {
  if (!notes.isConnected) document.body.append(notes);
  const element = h('p', { class: 'note' });
  notes.append(element);
  bindText(element, key, values);
  // Anew on top, over whatever dialog has opened since.
  if (notes.matches(':popover-open')) notes.hidePopover();
  notes.showPopover();
  setTimeout(() => element.remove(), NOTE_MS);
}
