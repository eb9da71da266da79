/** Codes by mail or text message: where they go, then the first of them to show that it arrives. */

import { h } from '../lib/dom.js';
import { form, input, labelled } from '../lib/form.js';

/**
 * @param {object} options
 * @param {'email' | 'sms' | string} options.method
 * @param {import('./totp.js').Ask} options.ask
 * @param {(answer: any) => void} options.done with what the confirmation answered
 */
export function addressSetup({ method, ask, done }) {
  const box = h('div', { class: 'stack' });
  const start = async (/** @type {any} */ { address }) => {
    const json = method === 'email' ? { email: address } : { phone: address.replace(/[\s()-]/g, '') };
    const { sent_to: to } = await ask('POST', `/v1/auth/mfa/${method}`, json);
    const code = input('code', { required: true, maxlength: 12, inputmode: 'numeric', autocomplete: 'one-time-code', class: 'code-input' });
    const confirm = async (/** @type {any} */ { code: typed }) => done(await ask('POST', `/v1/auth/mfa/${method}/confirm`, { code: typed.normalize('NFKC').replace(/\s/g, '') }));
    box.replaceChildren(
      form({ submit: 'console.totp.submit', act: confirm }, h('p', { class: 'notice info', role: 'status', t: 'console.mfa.sent_to', values: { to: to ?? address } }), labelled(`console.mfa.code.${method}`, code)),
    );
    code.focus();
  };
  box.append(form({ submit: 'console.mfa.submit', act: start }, labelled(`console.factors.${method}.address`, addressInput(method), `console.factors.${method}.address.hint`)));
  return box;
}

/** @param {string} method */
function addressInput(method) {
  const email = { type: 'email', maxlength: 254, autocomplete: 'email' };
  const sms = { type: 'tel', maxlength: 24, autocomplete: 'tel', placeholder: '+819012345678' };
  return input('address', { required: true, 'data-focus': true, ...(method === 'email' ? email : sms) });
}
