/**
 * The pointer on the picture: places scaled to its pixels, buttons, the wheel in 120ths of a notch. Moves are worth only
 * their newest place, so at most one goes out per animation frame.
 */

/** @typedef {import('./messages/input.js').InputEvent} InputEvent */

/** DOM button → X11 button. */
const BUTTONS = [1, 2, 3, 8, 9];
const NOTCH = 120;
const LINES_PER_NOTCH = 3;
/** Largest wheel movement of one event (i16). */
const MAX_WHEEL = 32_767;

/**
 * A place on the element in pixels of the picture, kept inside it.
 * @param {{clientX: number, clientY: number}} event
 * @param {{left: number, top: number, width: number, height: number}} box of the element
 * @param {{width: number, height: number}} picture
 */
export function placeOn(event, box, picture) {
  const scale = (/** @type {number} */ at, /** @type {number} */ size, /** @type {number} */ pixels) =>
    Math.max(0, Math.min(pixels - 1, Math.floor((at * pixels) / (size || 1))));
  return {
    x: scale(event.clientX - box.left, box.width, picture.width),
    y: scale(event.clientY - box.top, box.height, picture.height),
  };
}

/**
 * One axis of a wheel event in 120ths of a notch, away from the user negative.
 * @param {WheelEvent} event
 * @param {'X' | 'Y'} axis
 */
export function notches(event, axis) {
  const legacy = /** @type {any} */ (event)[`wheelDelta${axis}`];
  const delta = event[`delta${axis}`];
  if (event.deltaMode === 1) return (delta * NOTCH) / LINES_PER_NOTCH;
  if (event.deltaMode === 2) return delta * NOTCH * LINES_PER_NOTCH;
  return legacy ? -legacy : delta;
}

export class Pointer {
  #place = { x: 0, y: 0 };
  #frame = 0;
  #wheel = { dx: 0, dy: 0 };
  #abort = new AbortController();
  #pressed = /** @type {Set<number>} */ (new Set());

  /**
   * @param {HTMLElement} element
   * @param {() => {width: number, height: number}} picture its size in pixels
   * @param {{send: (events: InputEvent[]) => void, move: (x: number, y: number) => void, focus: () => void}} target
   */
  constructor(element, picture, target) {
    this.element = element;
    this.picture = picture;
    this.target = target;
    const { signal } = this.#abort;
    const on = (/** @type {string} */ type, /** @type {(event: any) => void} */ listener) =>
      element.addEventListener(type, listener, { signal, passive: false });
    on('pointerdown', (event) => this.#onButton(event, true));
    on('pointerup', (event) => this.#onButton(event, false));
    on('pointermove', (event) => this.#onMove(event));
    on('pointercancel', () => this.#releaseAll());
    on('wheel', (event) => this.#onWheel(event));
    on('contextmenu', (event) => event.preventDefault());
    on('auxclick', (event) => event.preventDefault());
  }

  close() {
    cancelAnimationFrame(this.#frame);
    this.#abort.abort();
  }

  /** @param {PointerEvent | WheelEvent} event */
  #at(event) {
    this.#place = placeOn(event, this.element.getBoundingClientRect(), this.picture());
    return this.#place;
  }

  /** @param {PointerEvent} event @param {boolean} down */
  #onButton(event, down) {
    this.#change(event, event.button, down);
    event.preventDefault();
    if (!down) return;
    this.target.focus();
    this.element.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event @param {number} which DOM button @param {boolean} down */
  #change(event, which, down) {
    const button = BUTTONS[which];
    if (!button || this.#pressed.has(button) === down) return;
    if (down) this.#pressed.add(button);
    else this.#pressed.delete(button);
    this.#flushWheel();
    this.target.send([{ type: 'button', down, button, ...this.#at(event) }]);
  }

  /** A second button while one is down comes as a move with other `buttons`. @param {PointerEvent} event */
  #onMove(event) {
    if (event.button >= 0) {
      const bit = [1, 4, 2, 8, 16][event.button];
      this.#change(event, event.button, !!(event.buttons & bit));
    }
    this.#at(event);
    this.#schedule();
  }

  /** @param {WheelEvent} event */
  #onWheel(event) {
    event.preventDefault();
    this.#at(event);
    this.#wheel.dx += notches(event, 'X');
    this.#wheel.dy += notches(event, 'Y');
    this.#schedule();
  }

  #schedule() {
    this.#frame ||= requestAnimationFrame(() => this.#onFrame());
  }

  #onFrame() {
    this.#frame = 0;
    if (!this.#flushWheel()) this.target.move(this.#place.x, this.#place.y);
  }

  /** Whole 120ths leave, what is less waits. */
  #flushWheel() {
    const clamp = (/** @type {number} */ value) => Math.max(-MAX_WHEEL, Math.min(MAX_WHEEL, Math.trunc(value)));
    const dx = clamp(this.#wheel.dx);
    const dy = clamp(this.#wheel.dy);
    if (!dx && !dy) return false;
    this.#wheel = { dx: this.#wheel.dx - dx, dy: this.#wheel.dy - dy };
    this.target.send([{ type: 'wheel', dx, dy, ...this.#place }]);
    return true;
  }

  #releaseAll() {
    for (const button of this.#pressed) this.target.send([{ type: 'button', down: false, button, ...this.#place }]);
    this.#pressed.clear();
  }
}
