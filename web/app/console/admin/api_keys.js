/** API keys: for programs, never worth more than who makes them, shown once. */

import { call, create } from '../../lib/api.js';
import { copyable, h } from '../../lib/dom.js';
import { confirmDialog, note, openDialog } from '../../lib/dialog.js';
import { form, input, labelled, linesInput, select, several } from '../../lib/form.js';
import { when } from '../../lib/format.js';
import { pagedList } from '../../lib/list.js';
import { button, chip, head } from '../page.js';

const LONGEST_DAYS = 366;
const USUAL_DAYS = 90;

/** @param {import('../../console.js').Console} context @returns {Promise<import('../../console.js').View>} */
export async function apiKeysPage(context) {
  const may = context.may('api-keys:write');
  const never = () => h('span', { class: 'soft', t: 'console.never' });
  const list = pagedList({
    label: 'console.place.keys',
    path: () => '/v1/api-keys',
    empty: 'console.keys.empty',
    columns: [
      { label: 'console.keys.name', cell: (key) => h('span', { class: 'two' }, h('span', {}, `${key.name} …${key.ending}`), h('span', { class: 'soft small' }, key.scopes.join(' '))) },
      { label: 'console.keys.last_used', cell: (key) => (key.last_used_at ? h('span', { class: 'two' }, h('span', {}, when(key.last_used_at)), h('span', { class: 'soft small' }, key.last_used_address ?? '')) : never()) },
      { label: 'console.keys.expires', cell: (key) => expiry(key) },
      { label: 'console.actions', cell: (key) => (may ? actions(key, () => list.restart()) : null), class: 'acts' },
    ],
  });
  await list.restart();
  const add = async () => {
    const made = await newKey(context);
    if (made) await list.restart();
  };
  const element = h(
    'div',
    { class: 'page wide stack' },
    head({ title: 'console.place.keys', lead: 'console.keys.lead', actions: may ? [button('console.keys.new', add, { class: 'primary', id: 'new-key' })] : [] }),
    list.element,
  );
  return { element, title: 'console.place.keys', close: list.close };
}

const daysField = () => labelled('console.keys.days', input('expires_in_days', { as: 'number', type: 'number', min: 1, max: LONGEST_DAYS, value: USUAL_DAYS, required: true }), 'console.keys.days.hint');

/** @param {any} key */
function expiry({ expires_at: at, expired }) {
  return expired ? chip('console.keys.expired', 'warn') : when(at);
}

/** @param {any} key @param {() => void} changed */
function actions(key, changed) {
  const renew = async () => {
    if (await rotate(key)) changed();
  };
  const revoke = async () => {
    const act = async () => (await call('DELETE', `/v1/api-keys/${key.id}`)) ?? true;
    if (!(await confirmDialog({ title: 'console.keys.revoke', text: 'console.keys.revoke.text', values: { name: key.name }, confirm: 'console.keys.revoke', act }))) return;
    note('console.keys.revoked');
    changed();
  };
  return h('span', { class: 'row end' }, button('console.keys.rotate', renew, { class: 'plain' }), button('console.keys.revoke', revoke, { class: 'plain' }));
}

/** A new secret for the same key; the old one may go on for a while, until the program has the new one. @param {any} key */
function rotate({ id, name }) {
  const hours = ['0', '60', '1440'].map((value) => ({ value, label: `console.keys.overlap.${value}` }));
  return openDialog({ title: 'console.keys.rotate' }, (/** @type {(value?: boolean) => void} */ close) => {
    const act = async (/** @type {any} */ { overlap, expires_in_days }) => {
      const answer = await create(`/v1/api-keys/${id}/rotate`, { expires_in_days, overlap_minutes: Number(overlap) });
      entry.replaceWith(shownOnce(answer.key, () => close(true)));
    };
    const entry = form(
      { submit: 'console.keys.rotate', act, beside: [button('app.cancel', () => close())] },
      h('p', { class: 'soft', t: 'console.keys.rotate.text', values: { name } }),
      h('div', { class: 'pair' }, labelled('console.keys.overlap', select('overlap', hours, '60')), daysField()),
    );
    return [entry];
  });
}

/** @param {import('../../console.js').Console} context */
function newKey(context) {
  const scopes = context.me.scopes.map((value) => ({ value, label: `console.scope.${value}` }));
  return openDialog({ title: 'console.keys.new', wide: true }, (/** @type {(value?: boolean) => void} */ close) => {
    const act = async (/** @type {any} */ body) => {
      const { key } = await create('/v1/api-keys', body);
      entry.replaceWith(shownOnce(key, () => close(true)));
    };
    const entry = form(
      { id: 'new-key-form', submit: 'console.keys.create', act, beside: [button('app.cancel', () => close())] },
      h(
        'div',
        { class: 'pair' },
        labelled('console.keys.name', input('name', { required: true, maxlength: 100, 'data-focus': true }), 'console.keys.name.hint'),
        daysField(),
      ),
      several('scopes', 'console.keys.scopes', scopes, ['sessions:read', 'sessions:write'], { class: 'dense' }),
      labelled('console.keys.networks', linesInput('networks', [], { rows: 2, placeholder: '192.0.2.0/24' }), 'console.keys.networks.hint'),
    );
    return [entry];
  });
}

/** @param {string} secret @param {() => void} done */
function shownOnce(secret, done) {
  return h(
    'div',
    { class: 'stack', id: 'new-key-secret', role: 'status' },
    h('p', { t: 'console.keys.once' }),
    copyable(secret, 'app.copy'),
    h('div', { class: 'row end' }, button('console.keys.kept', done, { class: 'primary' })),
  );
}
