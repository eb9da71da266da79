/** An own password instead of a one-time one, or of one that has grown too old. */

import { changePassword } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { form } from '../lib/form.js';
import { newPassword } from './rules.js';

/**
 * @param {import('./flow.js').Flow} flow
 * @param {{one_time: boolean, rules: import('./rules.js').Rules}} problem
 * @returns {HTMLElement}
 */
export function changeForm(flow, problem) {
  const { username, password } = flow.typed;
  const act = async (/** @type {any} */ { new_password, repeated }) => {
    if (new_password !== repeated) return 'console.change.differ';
    try {
      await changePassword(username, password, new_password);
      flow.done();
    } catch (error) {
      flow.typed = { username, password: new_password };
      if (!flow.goOn(error)) {
        flow.typed = { username, password };
        throw error;
      }
    }
    return undefined;
  };
  return form(
    { id: 'change-password', class: 'card stack', act, submit: 'console.change.submit' },
    h('h1', { t: 'console.change.title' }),
    h('p', { class: 'soft', t: problem.one_time ? 'console.change.lead' : 'console.change.expired' }),
    h('input', { type: 'hidden', name: 'username', value: username, autocomplete: 'username' }),
    ...newPassword(problem.rules),
  );
}
