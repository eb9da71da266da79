/** Second steps that are typed: an authenticator app, codes by mail, codes by text message. */

import { call } from '../../lib/api.js';
import { h } from '../../lib/dom.js';
import { confirmDialog, note, openDialog } from '../../lib/dialog.js';
import { when } from '../../lib/format.js';
import { addressSetup } from '../../signin/address.js';
import { recoveryCodes } from '../../signin/recovery.js';
import { totpSetup } from '../../signin/totp.js';
import { button, chip, section } from '../page.js';

/** @typedef {import('../../console.js').Console} Console */

const METHODS = ['totp', 'email', 'sms'];

/** @type {import('../../signin/totp.js').Ask} */
const ask = (method, path, json) => call(method, path, { json });

/** @param {Console} context @param {any} mfa */
export function factorsCard(context, { factors, offered }) {
  const rows = METHODS.map((method) => [method, factors.find((/** @type {any} */ factor) => factor.method === method)])
    .filter(([method, factor]) => factor || offered.includes(method))
    .map(([method, factor]) => row(context, method, factor));
  return section('console.factors', 'console.factors.hint', h('ul', { class: 'rows', id: 'factors' }, ...rows));
}

/** @param {Console} context @param {string} method @param {any} factor */
function row(context, method, factor) {
  const about = factor ? h('span', { class: 'soft small' }, [factor.sent_to, when(factor.created_at)].filter(Boolean).join(' · ')) : h('span', { class: 'soft small', t: `console.factors.${method}.hint` });
  return h(
    'li',
    { 'data-method': method },
    h('span', { class: 'two' }, h('span', { t: `console.factors.${method}` }), about),
    h('span', { class: 'row' }, factor ? chip('console.factors.on', 'good') : null, factor ? button('console.factors.remove', () => remove(context, method)) : button('console.factors.add', () => add(context, method))),
  );
}

/** @param {Console} context @param {string} method */
async function remove(context, method) {
  const act = async () => (await call('DELETE', `/v1/auth/mfa/${method}`)) ?? true;
  const key = 'console.factors.remove';
  if (await confirmDialog({ title: key, text: `${key}.text`, confirm: key, act })) context.again();
}

/** @param {Console} context @param {string} method */
async function add(context, method) {
  const made = await openDialog({ title: `console.factors.${method}` }, (/** @type {(value?: any) => void} */ close) => {
    const cancel = h('div', { class: 'row end' }, button('app.cancel', () => close()));
    if (method === 'totp') return [totpSetup({ ask, done: close }), cancel];
    return [addressSetup({ method, ask, done: close }), cancel];
  });
  if (made) await finished(context, made);
}

/**
 * After a factor was set up: with the first one, recovery codes.
 * @param {Console} context
 * @param {{recovery_codes?: string[] | null}} answer
 */
export async function finished(context, { recovery_codes: codes }) {
  note('console.factors.added');
  if (codes?.length) await showCodes(codes);
  context.again();
}

/** @param {string[]} codes */
export function showCodes(codes) {
  return openDialog({ title: 'console.recovery.title' }, (/** @type {(value?: boolean) => void} */ close) => [recoveryCodes(codes, () => close(true), { heading: false })]);
}
