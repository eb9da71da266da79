/** Setting up a second step because the organisation asks for one: there is no way past it, and it takes a minute. */

import { Cancelled, callPending, explain } from '../lib/api.js';
import { h, messageBox } from '../lib/dom.js';
import { hasText } from '../lib/i18n.js';
import { addressSetup } from './address.js';
import { makePasskey, passkeysWork } from './passkeys.js';
import { recoveryCodes } from './recovery.js';
import { totpSetup } from './totp.js';

/**
 * @param {import('./flow.js').Flow} flow
 * @param {{mfa_token: string, methods: string[]}} problem `methods` are what this server offers
 * @returns {HTMLElement}
 */
export function enrolment(flow, { mfa_token: token, methods }) {
  /** @type {import('./totp.js').Ask} */
  const ask = (method, path, json) => callPending(token, method, path, json);
  const box = h('section', { class: 'card stack', id: 'enrol' });
  const done = (/** @type {{recovery_codes?: string[] | null}} */ { recovery_codes: codes }) => {
    if (codes?.length) box.replaceChildren(recoveryCodes(codes, flow.done));
    else flow.done();
  };
  const place = h('div', {}, totpSetup({ ask, done }));
  const others = ['email', 'sms']
    .filter((method) => methods.includes(method))
    .map((method) => h('button', { type: 'button', class: 'plain', t: `console.mfa.use.${method}`, onclick: () => place.replaceChildren(addressSetup({ method, ask, done })) }));
  box.append(h('h1', { t: 'console.enrol.title' }), h('p', { class: 'soft', t: 'console.enrol.lead' }), place);
  if (passkeysWork()) box.append(h('p', { class: 'or soft', t: 'console.or' }), passkeySetup(ask, done));
  if (others.length) box.append(h('div', { class: 'others' }, ...others));
  return box;
}

/**
 * A button that makes a passkey.
 * @param {import('./totp.js').Ask} ask
 * @param {(answer: any) => void} done with what the server answered
 * @param {() => string} [name] what to call it
 */
export function passkeySetup(ask, done, name = () => '') {
  const message = messageBox();
  const button = h('button', { type: 'button', id: 'add-passkey', t: 'console.passkeys.add' });
  button.addEventListener('click', async () => {
    button.disabled = true;
    message.hide();
    try {
      const { challenge_id, options } = await ask('POST', '/v1/auth/passkeys/options');
      const credential = await makePasskey(options);
      done(await ask('POST', '/v1/auth/passkeys', { challenge_id, credential, ...(name() ? { name: name() } : {}) }));
    } catch (error) {
      if (!(error instanceof Cancelled)) message.show(...explain(error, hasText));
    } finally {
      button.disabled = false;
    }
  });
  return h('div', { class: 'stack' }, message.element, h('div', {}, button));
}
