/** Passkeys of the reader. */

import { call } from '../../lib/api.js';
import { h } from '../../lib/dom.js';
import { confirmDialog } from '../../lib/dialog.js';
import { when } from '../../lib/format.js';
import { passkeySetup } from '../../signin/enrolment.js';
import { passkeysWork } from '../../signin/passkeys.js';
import { button, section } from '../page.js';
import { deviceOf } from '../sign_ins.js';
import { finished } from './factors.js';

/** @param {import('../../console.js').Console} context @param {any[]} passkeys */
export function passkeysCard(context, passkeys) {
  const rows = passkeys.map((passkey) =>
    h(
      'li',
      {},
      h('span', { class: 'two' }, h('span', {}, passkey.name), h('span', { class: 'soft small' }, when(passkey.last_used_at ?? passkey.created_at))),
      button('console.passkeys.remove', () => remove(context, passkey)),
    ),
  );
  const list = h('ul', { class: 'rows', id: 'passkeys' }, ...(rows.length ? rows : [h('li', { class: 'soft', t: 'console.passkeys.none' })]));
  const add = passkeysWork() ? passkeySetup((method, path, json) => call(method, path, { json }), (answer) => finished(context, answer), () => deviceOf(navigator.userAgent)) : h('p', { class: 'soft small', t: 'console.passkeys.unsupported' });
  return section('console.passkeys', 'console.passkeys.hint', list, add);
}

/** @param {import('../../console.js').Console} context @param {any} passkey */
async function remove(context, { id, name }) {
  const act = async () => (await call('DELETE', `/v1/auth/passkeys/${id}`)) ?? true;
  const key = 'console.passkeys.remove';
  if (await confirmDialog({ title: key, text: `${key}.text`, values: { name }, confirm: key, act })) context.again();
}
