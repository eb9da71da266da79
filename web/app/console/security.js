/** My security: second steps, passkeys, recovery codes, the password, and where I am signed in. */

import { call } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { head } from './page.js';
import { factorsCard } from './security/factors.js';
import { passkeysCard } from './security/passkeys.js';
import { passwordCard } from './security/password.js';
import { recoveryCard } from './security/recovery.js';
import { signInsCard } from './sign_ins.js';

/** @param {import('../console.js').Console} context @returns {Promise<import('../console.js').View>} */
export async function securityPage(context) {
  const [mfa, passkeys, signIns] = await Promise.all([
    call('GET', '/v1/auth/mfa'),
    call('GET', '/v1/auth/passkeys'),
    signInsCard({ path: '/v1/me/sign-ins', may: true, title: 'console.sign_ins.mine', lead: 'console.sign_ins.lead' }),
  ]);
  const element = h(
    'div',
    { class: 'page stack' },
    head({ title: 'console.place.security', lead: 'console.security.lead' }),
    mfa.factors.length || mfa.passkeys ? null : h('p', { class: 'notice info', t: 'console.security.alone' }),
    factorsCard(context, mfa),
    passkeysCard(context, passkeys.items),
    recoveryCard(context, mfa),
    passwordCard(context),
    signIns.element,
  );
  return { element, title: 'console.place.security', close: signIns.close };
}
