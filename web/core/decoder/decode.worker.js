/**
 * The decoder's worker: takes pictures in order, paints what changed, answers each with `drawn` or `failed`.
 * It owns the canvas (transferred once); nobody else draws on it.
 */

import { PictureDecoder } from './picture.js';

/**
 * @typedef {{type: 'canvas', canvas: OffscreenCanvas}
 *   | {type: 'picture', number: number, first: boolean, catchup: boolean, data: Uint8Array}
 *   | {type: 'blank'}
 *   | {type: 'snapshot', id: number}} Request
 * @typedef {{type: 'drawn', number: number, width: number, height: number, resized: boolean}
 *   | {type: 'failed', number: number, detail: string}
 *   | {type: 'blanked'}
 *   | {type: 'snapshot', id: number, width: number, height: number, data: Uint8ClampedArray}} Answer
 */

let decoder = new PictureDecoder();
/** @type {OffscreenCanvas | null} */
let canvas = null;
/** @type {OffscreenCanvasRenderingContext2D | null} */
let context = null;

/** @param {Answer} answer @param {Transferable[]} [transfer] */
function answerWith(answer, transfer = []) {
  /** @type {{postMessage(message: Answer, transfer: Transferable[]): void}} */ (/** @type {unknown} */ (self)).postMessage(
    answer,
    transfer,
  );
}

/** @param {{resized: boolean, rectangles: import('./picture.js').Rectangle[]}} change */
function paint({ resized, rectangles }) {
  if (!canvas || !context) return;
  const { width, height, pixels } = decoder;
  if (resized) Object.assign(canvas, { width, height });
  const image = new ImageData(pixels, width, height);
  for (const { x, y, w, h } of rectangles) context.putImageData(image, 0, 0, x, y, w, h);
}

/** @param {Extract<Request, {type: 'picture'}>} picture */
function draw(picture) {
  const { number } = picture;
  try {
    const change = decoder.decode(picture);
    paint(change);
    answerWith({ type: 'drawn', number, width: decoder.width, height: decoder.height, resized: change.resized });
  } catch (error) {
    answerWith({ type: 'failed', number, detail: error instanceof Error ? error.message : 'unknown' });
  }
}

/** Forget everything that was drawn: what comes next is somebody else's screen, for all that is known. */
function blank() {
  decoder = new PictureDecoder();
  if (canvas && context) context.fillRect(0, 0, canvas.width, canvas.height);
  answerWith({ type: 'blanked' });
}

/** What the canvas really shows. @param {number} id */
function snapshot(id) {
  const { width, height } = decoder;
  const data = width && context ? context.getImageData(0, 0, width, height).data : new Uint8ClampedArray();
  answerWith({ type: 'snapshot', id, width, height, data }, [data.buffer]);
}

/** @param {Request} request */
function handle(request) {
  if (request.type === 'canvas') {
    canvas = request.canvas;
    context = canvas.getContext('2d', { alpha: false });
  } else if (request.type === 'picture') {
    draw(request);
  } else if (request.type === 'blank') {
    blank();
  } else {
    snapshot(request.id);
  }
}

self.addEventListener('message', (event) => handle(event.data));
