/** Sign-in with company, login and password; a one-time password must be changed at once. */

import { ApiError, changePassword, explain, signIn } from '../lib/api.js';
import { field, h, messageBox } from '../lib/dom.js';
import { hasText } from '../lib/i18n.js';

const COMPANY = 'tasuki-company';

/**
 * @param {() => void} done called when signed in
 * @returns {import('../console.js').View}
 */
export function signInView(done) {
  const box = h('div', { class: 'page narrow stack' });
  box.replaceChildren(signInForm(box, done));
  return { element: box, title: 'console.sign_in.title' };
}

/** What is typed in a form. @param {SubmitEvent} event @returns {Record<string, string>} */
function typed(event) {
  event.preventDefault();
  return /** @type {Record<string, string>} */ (
    Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.target)))
  );
}

/** @param {HTMLElement} box @param {() => void} done */
function signInForm(box, done) {
  const message = messageBox();
  const button = h('button', { class: 'primary', t: 'console.sign_in.submit' });
  const submit = async (/** @type {SubmitEvent} */ event) => {
    const { company, login, password } = typed(event);
    const username = `${company.trim()}/${login.trim()}`;
    button.disabled = true;
    try {
      await signIn(username, password);
      localStorage.setItem(COMPANY, company.trim());
      done();
    } catch (error) {
      if (error instanceof ApiError && error.slug === 'password-change-required') {
        box.replaceChildren(changeForm(username, password, done));
        /** @type {HTMLElement | null} */ (box.querySelector('[data-focus]'))?.focus();
      } else if (error instanceof ApiError && [401, 422].includes(error.status)) {
        message.show('console.sign_in.wrong');
      } else {
        message.show(...explain(error, hasText));
      }
    } finally {
      button.disabled = false;
    }
  };
  const company = localStorage.getItem(COMPANY) ?? '';
  return h(
    'form',
    { class: 'card stack', id: 'sign-in', onsubmit: submit },
    h('h1', { t: 'console.sign_in.title' }),
    h('p', { class: 'soft', t: 'console.sign_in.lead' }),
    field({ name: 'company', label: 'console.company', value: company, required: true, autocomplete: 'organization', autocapitalize: 'none', 'data-focus': !company }),
    field({ name: 'login', label: 'console.login', required: true, autocomplete: 'username', autocapitalize: 'none', 'data-focus': !!company }),
    field({ name: 'password', label: 'console.password', type: 'password', required: true, autocomplete: 'current-password' }),
    message.element,
    button,
  );
}

/** @param {string} username @param {string} password @param {() => void} done */
function changeForm(username, password, done) {
  const message = messageBox();
  const button = h('button', { class: 'primary', t: 'console.change.submit' });
  const submit = async (/** @type {SubmitEvent} */ event) => {
    const form = typed(event);
    if (form.new_password !== form.repeated) return message.show('console.change.differ');
    button.disabled = true;
    try {
      await changePassword(username, password, form.new_password);
      return done();
    } catch (error) {
      return message.show(...explain(error, hasText));
    } finally {
      button.disabled = false;
    }
  };
  const secret = { type: 'password', required: true, minlength: 15, autocomplete: 'new-password' };
  return h(
    'form',
    { class: 'card stack', id: 'change-password', onsubmit: submit },
    h('h1', { t: 'console.change.title' }),
    h('p', { class: 'soft', t: 'console.change.lead' }),
    h('input', { type: 'hidden', name: 'username', value: username, autocomplete: 'username' }),
    field({ name: 'new_password', label: 'console.change.new', hint: 'console.change.hint', 'data-focus': true, ...secret }),
    field({ name: 'repeated', label: 'console.change.repeat', ...secret }),
    message.element,
    button,
  );
}
