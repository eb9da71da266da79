/** An invited operator chooses the first password, and is signed in with it. The token stands behind the # and reaches no log. */

import { callPublic } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { form } from '../lib/form.js';
import { signInFlow } from './flow.js';
import { newPassword } from './rules.js';

/** The token of an invitation that the address carries; it is taken out of the address. */
export function invitationInAddress() {
  if (!/^\/console\/invitation\/?$/.test(location.pathname)) return null;
  const token = location.hash.slice(1);
  history.replaceState(history.state, '', '/console');
  return token || null;
}

/**
 * @param {string} token
 * @param {() => void} done called when signed in
 * @returns {import('../console.js').View}
 */
export function invitationView(token, done) {
  const box = h('div', { class: 'page narrow stack' });
  const act = async (/** @type {any} */ { password, repeated }) => {
    if (password !== repeated) return 'console.change.differ';
    const { username } = await callPublic('POST', '/v1/auth/invitation', { json: { token, password } });
    await signInFlow(box, done).attempt(username, password);
    return undefined;
  };
  box.append(
    form(
      { id: 'invitation', class: 'card stack', submit: 'console.change.submit', act },
      h('h1', { t: 'console.invitation.title' }),
      h('p', { class: 'soft', t: 'console.invitation.lead' }),
      ...newPassword(null, true, 'password'),
    ),
  );
  return { element: box, title: 'console.invitation.title' };
}
