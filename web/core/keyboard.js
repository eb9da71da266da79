/**
 * The keyboard as X11 keysyms and finished text. It listens on a text field that is always focused while the remote
 * screen is: only a text field gets dead keys, input methods and the system's character pickers. Keys go out as keys;
 * what only exists as text (compositions, pastes, dead-key results) goes out as text.
 */

import { Keysym, keysymOf, printable } from './keysyms.js';
import { pieces } from './messages/input.js';

/** @typedef {import('./messages/input.js').InputEvent} InputEvent */

/** Windows says AltGr as Ctrl then AltGr at once; a Ctrl is held back this long (ms) to see. */
const ALTGR_WAIT_MS = 30;
const WINDOWS = /win/i.test(navigator.platform);
const MAC = /mac/i.test(navigator.platform);
/** `inputType`s of on-screen keyboards that stand for a key. @type {Record<string, number>} */
const EDITS = {
  deleteContentBackward: Keysym.BACKSPACE,
  deleteContentForward: Keysym.DELETE,
  insertLineBreak: Keysym.RETURN,
  insertParagraph: Keysym.RETURN,
};

export class Keyboard {
  /** What is down: physical key → keysym that was sent for it. */
  #down = /** @type {Map<string, number>} */ (new Map());
  #heldControl = 0;
  #composing = false;
  #abort = new AbortController();

  /**
   * @param {HTMLTextAreaElement} field
   * @param {{send: (events: InputEvent[]) => void, releaseAll: () => void, leave: () => void}} target `leave` is called
   *   for Ctrl+Alt+Shift+Esc: the one combination that stays here, so that nobody is caught in the remote screen
   */
  constructor(field, { send, releaseAll, leave }) {
    this.field = field;
    this.send = send;
    this.releaseAll = releaseAll;
    this.leave = leave;
    const { signal } = this.#abort;
    const on = (/** @type {string} */ type, /** @type {(event: any) => void} */ listener) =>
      field.addEventListener(type, listener, { signal });
    on('keydown', (event) => this.#onKeyDown(event));
    on('keyup', (event) => this.#onKeyUp(event));
    on('compositionstart', () => this.#setComposing(true));
    on('compositionend', (event) => this.#onComposed(event));
    on('input', (event) => this.#onInput(event));
    on('paste', (event) => this.#onPaste(event));
    on('blur', () => this.reset());
    addEventListener('blur', () => this.reset(), { signal });
  }

  close() {
    this.reset();
    this.#abort.abort();
  }

  /** Let go of everything: the focus is elsewhere, so key-ups would be missed. */
  reset() {
    clearTimeout(this.#heldControl);
    this.#heldControl = 0;
    this.#setComposing(false);
    if (this.#down.size) this.releaseAll();
    this.#down.clear();
  }

  /** Press keys together and let go in reverse. @param {number[]} keysyms */
  combination(keysyms) {
    const down = keysyms.map((keysym) => this.#event(true, keysym));
    const up = [...keysyms].reverse().map((keysym) => this.#event(false, keysym));
    this.send([...down, ...up]);
  }

  /** Send finished text. @param {string} text */
  text(text) {
    const plain = text.replaceAll('\r\n', '\n');
    for (const piece of pieces(plain)) this.send([{ type: 'text', text: piece }]);
  }

  /** @param {boolean} down @param {number} keysym @returns {InputEvent} */
  #event(down, keysym) {
    return { type: 'key', down, keysym };
  }

  /** @param {boolean} composing */
  #setComposing(composing) {
    this.#composing = composing;
    this.field.value = '';
  }

  /** @param {KeyboardEvent} event */
  #onKeyDown(event) {
    // The input method or a dead key is at work: the result comes as text.
    if (this.#composing || event.isComposing || event.keyCode === 229 || event.key === 'Dead') return;
    if (event.key === 'Escape' && event.ctrlKey && event.altKey && event.shiftKey) return this.#leave(event);
    if (this.#altGraph(event)) return event.preventDefault();
    const keysym = keysymOf(event);
    if (!keysym) return undefined;
    event.preventDefault();
    if (WINDOWS && event.code === 'ControlLeft' && !event.repeat) return this.#holdControl(event, keysym);
    this.#sendHeldControl();
    return this.#press(event, keysym);
  }

  /** @param {KeyboardEvent} event */
  #leave(event) {
    event.preventDefault();
    this.reset();
    this.leave();
  }

  /**
   * AltGr only chooses the character here; the character is what is sent. True when the event was it.
   * @param {KeyboardEvent} event
   */
  #altGraph(event) {
    if (event.key !== 'AltGraph') return MAC && event.key === 'Alt';
    clearTimeout(this.#heldControl);
    this.#heldControl = 0;
    return true;
  }

  /** @param {KeyboardEvent} event @param {number} keysym */
  #holdControl(event, keysym) {
    const { code } = event;
    this.#heldControl = setTimeout(() => {
      this.#heldControl = 0;
      this.#put(code, keysym);
    }, ALTGR_WAIT_MS);
  }

  #sendHeldControl() {
    if (!this.#heldControl) return;
    clearTimeout(this.#heldControl);
    this.#heldControl = 0;
    this.#put('ControlLeft', Keysym.CONTROL);
  }

  /** @param {KeyboardEvent} event @param {number} keysym */
  #press(event, keysym) {
    // On a Mac, Option is AltGr for characters and Alt for all other keys.
    const option = MAC && event.altKey && !printable(event.key);
    if (option) this.send([this.#event(true, Keysym.ALT), this.#event(true, keysym), this.#event(false, keysym), this.#event(false, Keysym.ALT)]);
    else this.#put(event.code || event.key, keysym);
  }

  /** A key went down; a repeat sends the same keysym again. @param {string} code @param {number} keysym */
  #put(code, keysym) {
    const before = this.#down.get(code);
    const events = [this.#event(true, keysym)];
    if (before !== undefined && before !== keysym) events.unshift(this.#event(false, before));
    this.#down.set(code, keysym);
    this.send(events);
  }

  /** @param {KeyboardEvent} event */
  #onKeyUp(event) {
    if (event.code === 'ControlLeft') this.#sendHeldControl();
    const code = event.code || event.key;
    const keysym = this.#down.get(code);
    if (keysym === undefined) return;
    event.preventDefault();
    this.#down.delete(code);
    this.send([this.#event(false, keysym)]);
    // A Mac tells no key-ups while Command is down.
    if (MAC && event.key === 'Meta') this.reset();
  }

  /** @param {CompositionEvent} event */
  #onComposed(event) {
    this.#setComposing(false);
    if (event.data) this.text(event.data);
  }

  /** Text that came without keys: dead keys, pickers, on-screen keyboards. @param {globalThis.InputEvent} event */
  #onInput(event) {
    if (this.#composing || event.isComposing) return;
    const { value } = this.field;
    this.field.value = '';
    const keysym = EDITS[event.inputType];
    if (keysym) this.combination([keysym]);
    else if (event.inputType !== 'insertCompositionText' && value) this.text(value);
  }

  /** @param {ClipboardEvent} event */
  #onPaste(event) {
    event.preventDefault();
    const text = event.clipboardData?.getData('text/plain');
    if (text) this.text(text);
  }
}
