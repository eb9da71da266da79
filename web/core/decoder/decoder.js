/** The page's end of the decoder's worker. */

/** @typedef {import('./decode.worker.js').Answer} Answer */

/** Trusted Types: the only script URL this page ever makes (docs/protocol.md says nothing of it; the CSP does). */
function workerUrl() {
  const url = new URL('./decode.worker.js', import.meta.url).href;
  const { trustedTypes } = /** @type {any} */ (globalThis);
  if (!trustedTypes) return url;
  const policy = (workerUrl.policy ??= trustedTypes.createPolicy('tasuki-worker', {
    createScriptURL: () => url,
  }));
  return policy.createScriptURL('');
}
/** @type {any} */
workerUrl.policy = null;

/**
 * Fires `drawn` {number, width, height, resized} and `failed` {number, detail}; nothing any more of pictures before `blank`.
 */
export class Decoder extends EventTarget {
  #worker = new Worker(workerUrl(), { type: 'module' });
  #snapshots = /** @type {Map<number, (answer: any) => void>} */ (new Map());
  #next = 1;
  /** Blankings the worker has not come to yet. */
  #blanking = 0;

  /** @param {HTMLCanvasElement} canvas handed over to the worker for good */
  constructor(canvas) {
    super();
    const offscreen = canvas.transferControlToOffscreen();
    this.#worker.addEventListener('message', (event) => this.#onAnswer(event.data));
    this.#worker.addEventListener('error', () => this.#fail('the decoder could not be started'));
    this.#worker.postMessage({ type: 'canvas', canvas: offscreen }, [offscreen]);
  }

  /** @param {import('../pictures.js').Picture} picture */
  draw({ number, first, catchup, data }) {
    this.#worker.postMessage({ type: 'picture', number, first, catchup, data }, [data.buffer]);
  }

  /** Forget every picture so far. */
  blank() {
    this.#blanking += 1;
    this.#worker.postMessage({ type: 'blank' });
  }

  /** The pixels the canvas shows now. @returns {Promise<{width: number, height: number, data: Uint8ClampedArray}>} */
  snapshot() {
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#snapshots.set(id, ({ width, height, data }) => resolve({ width, height, data }));
      this.#worker.postMessage({ type: 'snapshot', id });
    });
  }

  close() {
    this.#worker.terminate();
  }

  /** @param {Answer} answer */
  #onAnswer(answer) {
    if (answer.type === 'blanked') {
      this.#blanking -= 1;
      return;
    }
    if (answer.type !== 'snapshot') {
      if (!this.#blanking) this.dispatchEvent(new CustomEvent(answer.type, { detail: answer }));
      return;
    }
    this.#snapshots.get(answer.id)?.(answer);
    this.#snapshots.delete(answer.id);
  }

  /** @param {string} detail */
  #fail(detail) {
    this.dispatchEvent(new CustomEvent('broken', { detail }));
  }
}
