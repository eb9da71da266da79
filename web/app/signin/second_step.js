/** The second step of a sign-in: a code from the authenticator, by mail or by text message, a recovery code, or a passkey. */

import { Cancelled, callPublic, explain, signInBy } from '../lib/api.js';
import { h, messageBox } from '../lib/dom.js';
import { form, input, labelled } from '../lib/form.js';
import { bindText, hasText } from '../lib/i18n.js';
import { usePasskey } from './passkeys.js';

/** In the order in which they are offered. */
const METHODS = ['passkey', 'totp', 'email', 'sms', 'recovery'];
/** Ways whose code the server sends when asked. */
const SENT = ['email', 'sms'];

/**
 * @param {import('./flow.js').Flow} flow
 * @param {{mfa_token: string, methods: string[]}} problem
 * @returns {HTMLElement}
 */
export function secondStep(flow, { mfa_token, methods }) {
  const send = async (/** @type {any} */ answer) => {
    try {
      await signInBy('/v1/auth/mfa/verify', { mfa_token, ...answer });
      flow.done();
    } catch (error) {
      if (!flow.goOn(error)) throw error;
    }
  };
  const challenge = (/** @type {string} */ method) => callPublic('POST', '/v1/auth/mfa/challenge', { json: { mfa_token, method } });
  const again = h('button', { type: 'button', class: 'plain', t: 'console.mfa.start_again', onclick: flow.restart });
  return h('section', { class: 'card stack', id: 'second-step' }, h('h1', { t: 'console.mfa.title' }), methodPicker({ methods, challenge, send }), again);
}

/**
 * A proof by one of `methods`; also for the step-up dialog.
 * @param {object} options
 * @param {string[]} options.methods
 * @param {(method: string) => Promise<any>} options.challenge asks the server to send a code, or for the options of a passkey
 * @param {(answer: any) => Promise<unknown>} options.send
 */
export function methodPicker({ methods, challenge, send }) {
  const offered = METHODS.filter((method) => methods.includes(method));
  const place = h('div', {});
  const others = h('div', { class: 'others' });
  const pick = (/** @type {string} */ method) => {
    place.replaceChildren(method === 'passkey' ? byPasskey(challenge, send) : byCode(method, challenge, send));
    const rest = offered.filter((other) => other !== method);
    others.replaceChildren(...rest.map((other) => h('button', { type: 'button', class: 'plain', t: `console.mfa.use.${other}`, onclick: () => pick(other) })));
    /** @type {HTMLElement | null} */ (place.querySelector('[data-focus]'))?.focus();
  };
  pick(offered[0] ?? 'totp');
  return h('div', { class: 'stack' }, place, others);
}

/** @param {string} method @param {(method: string) => Promise<any>} challenge @param {(answer: any) => Promise<unknown>} send */
function byCode(method, challenge, send) {
  const recovery = method === 'recovery';
  const control = input('code', {
    required: true,
    maxlength: 40,
    class: 'code-input',
    autocomplete: recovery ? 'off' : 'one-time-code',
    autocapitalize: 'none',
    inputmode: recovery ? 'text' : 'numeric',
    'data-focus': true,
  });
  /** Of the code that was sent last. @type {string | null} */
  let sent = null;
  const act = (/** @type {any} */ { code }) => send({ method, code: recovery ? code : digitsOf(code), ...(sent ? { challenge_id: sent } : {}) });
  const ask = async () => {
    const answer = await challenge(method);
    sent = answer.challenge_id ?? null;
    return answer;
  };
  const entry = form({ submit: 'console.mfa.submit', act }, h('p', { class: 'soft', t: `console.mfa.hint.${method}` }), labelled(`console.mfa.code.${method}`, control));
  return SENT.includes(method) ? h('div', { class: 'stack' }, sender(ask), entry) : entry;
}

/** Digits as people type them: spaces and full-width digits are theirs, the server takes ASCII. @param {string} code */
const digitsOf = (code) => code.normalize('NFKC').replace(/[\s-]/g, '');

/** The code is sent as soon as this way is chosen, and again on request. @param {() => Promise<{sent_to?: string | null}>} ask */
function sender(ask) {
  const message = messageBox();
  const status = h('p', { class: 'notice info', role: 'status', t: 'console.mfa.sending' });
  const again = h('button', { type: 'button', class: 'plain', t: 'console.mfa.send_again', onclick: () => run() });
  const run = async () => {
    message.hide();
    again.disabled = true;
    try {
      const { sent_to: to } = await ask();
      bindText(status, to ? 'console.mfa.sent_to' : 'console.mfa.sent', { to: to ?? '' });
      status.hidden = false;
    } catch (error) {
      status.hidden = true;
      message.show(...explain(error, hasText));
    } finally {
      again.disabled = false;
    }
  };
  run();
  return h('div', { class: 'stack' }, status, message.element, h('div', {}, again));
}

/** @param {(method: string) => Promise<any>} challenge @param {(answer: any) => Promise<unknown>} send */
function byPasskey(challenge, send) {
  const message = messageBox();
  const button = h('button', { type: 'button', class: 'primary', t: 'console.mfa.passkey', 'data-focus': true });
  button.addEventListener('click', async () => {
    button.disabled = true;
    message.hide();
    try {
      const { challenge_id, options } = await challenge('passkey');
      await send({ method: 'passkey', challenge_id, credential: await usePasskey(options) });
    } catch (error) {
      if (!(error instanceof Cancelled)) message.show(...explain(error, hasText));
    } finally {
      button.disabled = false;
    }
  });
  return h('div', { class: 'stack' }, h('p', { class: 'soft', t: 'console.mfa.hint.passkey' }), message.element, button);
}
