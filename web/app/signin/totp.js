/** An authenticator app: a picture to scan or a key to type, and one code to show that it worked. */

import { explain } from '../lib/api.js';
import { copyable, h, messageBox } from '../lib/dom.js';
import { form, input, labelled } from '../lib/form.js';
import { hasText } from '../lib/i18n.js';

/** Asks the API, with whatever right the reader has. @typedef {(method: string, path: string, json?: unknown) => Promise<any>} Ask */

/**
 * @param {object} options
 * @param {Ask} options.ask
 * @param {(answer: any) => void} options.done with what the confirmation answered
 */
export function totpSetup({ ask, done }) {
  const box = h('div', { class: 'stack' }, h('p', { class: 'soft', role: 'status', t: 'console.totp.preparing' }));
  const start = async () => {
    try {
      box.replaceChildren(...steps(await ask('POST', '/v1/auth/mfa/totp'), ask, done));
      /** @type {HTMLElement | null} */ (box.querySelector('[data-focus]'))?.focus({ preventScroll: true });
    } catch (error) {
      const message = messageBox();
      message.show(...explain(error, hasText));
      box.replaceChildren(message.element);
    }
  };
  start();
  return box;
}

/** @param {{secret: string, qr_svg: string}} offer @param {Ask} ask @param {(answer: any) => void} done */
function steps({ secret, qr_svg }, ask, done) {
  const control = input('code', { required: true, maxlength: 12, inputmode: 'numeric', autocomplete: 'one-time-code', class: 'code-input', 'data-focus': true });
  const act = async (/** @type {any} */ { code }) => {
    const digits = code.normalize('NFKC').replace(/\s/g, '');
    done(await ask('POST', '/v1/auth/mfa/totp/confirm', { code: digits }));
  };
  return [
    h('p', { t: 'console.totp.scan' }),
    h('img', { class: 'qr', src: picture(qr_svg), width: 200, height: 200, tAttr: { alt: 'console.totp.picture' } }),
    h('details', {}, h('summary', { t: 'console.totp.by_hand' }), h('p', { class: 'soft small', t: 'console.totp.by_hand.hint' }), copyable(secret, 'app.copy')),
    form({ id: 'totp', submit: 'console.totp.submit', act }, labelled('console.totp.code', control, 'console.totp.code.hint')),
  ];
}

/** The server's drawing as a picture: in an <img> nothing of it can run. @param {string} svg */
const picture = (svg) => `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
