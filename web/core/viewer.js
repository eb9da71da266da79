/**
 * `<tasuki-viewer>`: the remote screen. It owns the canvas, the decoder's worker and, where control is allowed, keyboard
 * and pointer; the session itself is in session.js.
 *
 * Events: `tasuki-picture` {number, width, height} after each picture is there to be seen · `tasuki-state` {@link State} ·
 * `tasuki-leave` when Ctrl+Alt+Shift+Esc was pressed: the keyboard wants to go back to the page ·
 * `tasuki-chat` {line, mine} · `tasuki-unsaid` {line} ·
 * `tasuki-refused` when input was not sent because no current picture is shown · `tasuki-ignored` {count}.
 */

import { Decoder } from './decoder/decoder.js';
import { Keyboard } from './keyboard.js';
import { Pointer } from './pointer.js';
import { ViewerSession } from './session.js';

/** @typedef {import('./session.js').State} State */
/** @typedef {import('./messages/input.js').InputEvent} InputEvent */

export class TasukiViewer extends HTMLElement {
  #session = /** @type {ViewerSession | null} */ (null);
  #decoder = /** @type {Decoder | null} */ (null);
  #keyboard = /** @type {Keyboard | null} */ (null);
  #pointer = /** @type {Pointer | null} */ (null);
  #canvas = document.createElement('canvas');
  #field = document.createElement('textarea');
  #size = { width: 1, height: 1 };
  #picture = 0;
  /** A picture of the host whose keys are in hand is on the canvas. */
  #drawn = false;
  #observer = new ResizeObserver(() => this.#layout());

  /** Whether the picture is fitted to the element; else one pixel is one CSS pixel. */
  #fit = true;

  connectedCallback() {
    this.#field.className = 'tasuki-keys';
    for (const [name, value] of Object.entries({ autocapitalize: 'off', autocomplete: 'off', spellcheck: 'false' })) {
      this.#field.setAttribute(name, value);
    }
    this.#canvas.className = 'tasuki-screen';
    this.#canvas.hidden = true;
    this.append(this.#canvas, this.#field);
    this.#observer.observe(this);
  }

  disconnectedCallback() {
    this.close();
  }

  /** The name of the keyboard field for people who cannot see it. @param {string} text */
  set label(text) {
    this.#field.setAttribute('aria-label', text);
    this.#canvas.setAttribute('aria-label', text);
    this.#canvas.setAttribute('role', 'img');
  }

  /** Connect. @param {import('./session.js').Options} options */
  async open(options) {
    const session = new ViewerSession(options);
    const decoder = new Decoder(this.#canvas);
    this.#session = session;
    this.#decoder = decoder;
    session.addEventListener('picture', (event) => decoder.draw(detailOf(event)));
    session.addEventListener('blank', () => this.#blank());
    session.addEventListener('state', (event) => this.#onState(detailOf(event)));
    for (const name of ['chat', 'unsaid', 'narrowed']) {
      session.addEventListener(name, (event) => this.#fire(`tasuki-${name}`, detailOf(event)));
    }
    session.addEventListener('ignored', (event) => this.#fire('tasuki-ignored', detailOf(event)));
    decoder.addEventListener('drawn', (event) => this.#onDrawn(detailOf(event)));
    decoder.addEventListener('failed', () => session.failed());
    decoder.addEventListener('broken', () => this.#fire('tasuki-broken', {}));
    await session.start();
  }

  close() {
    this.#detach();
    this.#session?.close();
    this.#decoder?.close();
    this.#session = null;
    this.#decoder = null;
  }

  /** @returns {State | null} */
  get state() {
    return this.#session?.state ?? null;
  }

  /** Number of the newest picture on the canvas. */
  get picture() {
    return this.#picture;
  }

  /** The pixels the canvas shows now, RGBA; none while it is hidden. @returns {Promise<{width: number, height: number, data: Uint8ClampedArray}>} */
  async snapshot() {
    const shown = this.#canvas.hidden ? undefined : await this.#decoder?.snapshot();
    return shown ?? { width: 0, height: 0, data: new Uint8ClampedArray() };
  }

  get fit() {
    return this.#fit;
  }

  set fit(fit) {
    this.#fit = fit;
    this.#layout();
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  /** Press keys together, such as Ctrl+Alt+Del. @param {number[]} keysyms */
  combination(keysyms) {
    this.#keyboard?.combination(keysyms);
  }

  /** Type finished text there. @param {string} text */
  text(text) {
    this.#keyboard?.text(text);
  }

  /** The customer says that they accepted: show the screen. */
  confirm() {
    this.#session?.confirm();
    this.focus();
  }

  /** Verify anew what could not be proved, with new digits. */
  verifyAgain() {
    this.#session?.verifyAgain();
  }

  /** The customer typed the digits that the operator reads out. @param {string} typed */
  compare(typed) {
    this.#session?.compare(typed);
  }

  /** The customer's yes or no to looking on. @param {boolean} yes */
  decide(yes) {
    this.#session?.decide(yes);
  }

  /** The customer stops looking on. @param {string} [reason] */
  stop(reason) {
    this.#session?.stop(reason);
  }

  /** Write to everybody; false when that is not allowed now. Throws `WireError` for what cannot be sent. @param {string} text */
  say(text) {
    return this.#session?.say(text) ?? false;
  }

  /** End the session for both sides. @param {string} [reason] */
  end(reason = 'ended') {
    this.#session?.end(reason);
  }

  /** @param {State} state */
  #onState(state) {
    const control = state.phase === 'live' && state.grants.includes('control');
    if (control) this.#attach();
    else this.#detach();
    this.#unveil();
    this.toggleAttribute('data-control', control);
    this.toggleAttribute('data-stale', state.age > 0 || !state.connected);
    this.#fire('tasuki-state', state);
  }

  #attach() {
    const session = this.#session;
    if (!session || this.#keyboard) return;
    const send = (/** @type {InputEvent[]} */ events) => {
      if (!session.sendInput(events)) this.#fire('tasuki-refused', {});
    };
    this.#keyboard = new Keyboard(this.#field, {
      send,
      releaseAll: () => session.releaseAll(),
      leave: () => this.#fire('tasuki-leave', {}),
    });
    this.#pointer = new Pointer(this.#canvas, () => this.#size, {
      send,
      move: (x, y) => session.movePointer(x, y),
      focus: () => this.focus(),
    });
    this.focus();
  }

  #detach() {
    this.#keyboard?.close();
    this.#pointer?.close();
    this.#keyboard = null;
    this.#pointer = null;
  }

  /** @param {{number: number, width: number, height: number, resized: boolean}} drawn */
  #onDrawn({ number, width, height, resized }) {
    this.#picture = number;
    if (resized || !this.#drawn) {
      this.#size = { width, height };
      this.#layout();
    }
    const seen = !this.#canvas.hidden;
    this.#drawn = true;
    this.#unveil();
    this.#session?.drawn(number);
    if (seen) this.#tellPicture();
  }

  /** Whatever is drawn, the screen is there to be seen in phase `live` only. */
  #unveil() {
    const hidden = !this.#drawn || this.state?.phase !== 'live';
    const shown = this.#canvas.hidden && !hidden;
    this.#canvas.hidden = hidden;
    if (shown) this.#tellPicture();
  }

  #tellPicture() {
    this.#fire('tasuki-picture', { number: this.#picture, ...this.#size });
  }

  #blank() {
    this.#drawn = false;
    this.#decoder?.blank();
    this.#unveil();
  }

  /** Sizes by hand: a canvas that was handed to a worker does not tell its own. */
  #layout() {
    const { width, height } = this.#size;
    const room = this.getBoundingClientRect();
    const scale = this.#fit ? Math.min(room.width / width, room.height / height) || 1 : 1;
    this.#canvas.style.width = `${Math.max(1, Math.floor(width * scale))}px`;
    this.#canvas.style.height = `${Math.max(1, Math.floor(height * scale))}px`;
    this.classList.toggle('tasuki-exact', !this.#fit);
    this.classList.toggle('tasuki-enlarged', scale >= 2);
  }

  /** @param {string} type @param {unknown} detail */
  #fire(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true }));
  }
}

/** @param {Event} event */
function detailOf(event) {
  return /** @type {CustomEvent} */ (event).detail;
}

customElements.define('tasuki-viewer', TasukiViewer);
