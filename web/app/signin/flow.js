/**
 * Signing in, step by step: company, login and password, or a passkey alone; then, where the server asks for it, an own password
 * instead of the one-time one, a second step, or setting one up. The console and the documentation page use the same.
 */

import { ApiError, Cancelled, callPublic, explain, signIn, signInBy } from '../lib/api.js';
import { field, h, messageBox } from '../lib/dom.js';
import { valuesOf } from '../lib/form.js';
import { hasText } from '../lib/i18n.js';
import { changeForm } from './change.js';
import { enrolment } from './enrolment.js';
import { passkeysWork, usePasskey } from './passkeys.js';
import { secondStep } from './second_step.js';

const COMPANY = 'tasuki-company';

/**
 * What the steps share.
 * @typedef {object} Flow
 * @property {(step: HTMLElement) => void} show the next step
 * @property {() => void} done signed in
 * @property {() => void} restart from the first form
 * @property {(error: unknown) => boolean} goOn show the step that an answer asks for; false when it asks for none
 * @property {(username: string, password: string) => Promise<void>} attempt sign in with a password; rejects when it is refused
 * @property {{username: string, password: string}} typed what was typed at the first form
 */

/**
 * Fill `box` with the step that is due, until somebody is signed in.
 * @param {HTMLElement} box
 * @param {() => void} done
 * @param {{lead?: string, compact?: boolean}} [options]
 * @returns {Flow}
 */
export function signInFlow(box, done, options = {}) {
  /** @type {Flow} */
  const flow = {
    typed: { username: '', password: '' },
    done,
    show(step) {
      box.replaceChildren(step);
      /** @type {HTMLElement | null} */ (box.querySelector('[data-focus]'))?.focus();
    },
    async attempt(username, password) {
      flow.typed = { username, password };
      try {
        await signIn(username, password);
      } catch (error) {
        if (flow.goOn(error)) return;
        throw error;
      }
      done();
    },
    restart: () => flow.show(firstForm(flow, options)),
    goOn(error) {
      if (!(error instanceof ApiError)) return false;
      const step = STEPS[error.slug];
      if (step) flow.show(step(flow, error.problem));
      return !!step;
    },
  };
  box.replaceChildren(firstForm(flow, options));
  return flow;
}

/** Answers that ask for another step. @type {Record<string, (flow: Flow, problem: any) => HTMLElement>} */
const STEPS = {
  'password-change-required': changeForm,
  'mfa-required': secondStep,
  'mfa-enrolment-required': enrolment,
};

/** @param {Flow} flow @param {{lead?: string, compact?: boolean}} options */
function firstForm(flow, { lead = 'console.sign_in.lead', compact = false }) {
  const message = messageBox();
  const button = h('button', { class: 'primary', t: 'console.sign_in.submit' });
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const { company, login, password } = valuesOf(/** @type {HTMLFormElement} */ (event.target));
    button.disabled = true;
    message.hide();
    try {
      await flow.attempt(`${company}/${login}`, password);
      localStorage.setItem(COMPANY, company);
    } catch (error) {
      sayRefusal(message, error);
    } finally {
      button.disabled = false;
    }
  };
  const company = localStorage.getItem(COMPANY) ?? '';
  const heading = compact ? null : h('h1', { t: 'console.sign_in.title' });
  const fields = [
    field({ name: 'company', label: 'console.company', value: company, required: true, autocomplete: 'organization', autocapitalize: 'none', 'data-focus': !company }),
    field({ name: 'login', label: 'console.login', required: true, autocomplete: 'username', autocapitalize: 'none', 'data-focus': !!company }),
    field({ name: 'password', label: 'console.password', type: 'password', required: true, autocomplete: 'current-password', 'data-as': 'secret' }),
  ];
  const inputs = compact ? [h('div', { class: 'docs-fields' }, ...fields, button)] : fields;
  return h(
    'form',
    { class: compact ? 'docs-sign-in' : 'card stack', id: 'sign-in', onsubmit: submit },
    heading,
    h('p', { class: compact ? 'small' : 'soft', t: lead }),
    ...inputs,
    message.element,
    compact ? null : button,
    passkeyButton(flow, message),
  );
}

/** @param {Flow} flow @param {import('../lib/dom.js').MessageBox} message */
function passkeyButton(flow, message) {
  if (!passkeysWork()) return null;
  const button = h('button', { type: 'button', class: 'plain', id: 'passkey-sign-in', t: 'console.sign_in.passkey' });
  button.addEventListener('click', async () => {
    button.disabled = true;
    message.hide();
    try {
      await passkeyAlone();
      flow.done();
    } catch (error) {
      if (!(error instanceof Cancelled) && !flow.goOn(error)) sayRefusal(message, error, 'console.sign_in.passkey.wrong');
    } finally {
      button.disabled = false;
    }
  });
  return button;
}

/** A passkey says by itself whose it is, and unlocking it is a second factor. */
async function passkeyAlone() {
  const { challenge_id, options } = await callPublic('POST', '/v1/auth/passkeys/sign-in/options');
  await signInBy('/v1/auth/passkeys/sign-in', { challenge_id, credential: await usePasskey(options) });
}

/** @param {import('../lib/dom.js').MessageBox} message @param {unknown} error @param {string} [wrong] what to say when it does not fit */
export function sayRefusal(message, error, wrong = 'console.sign_in.wrong') {
  const known = error instanceof ApiError && hasText(`problem.${error.slug}`);
  if (error instanceof ApiError && !known && [401, 422].includes(error.status)) message.show(wrong);
  else message.show(...explain(error, hasText));
}
