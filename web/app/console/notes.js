/** What was written down about a session, and how it went. */

import { call } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { note as say } from '../lib/dialog.js';
import { form, input, labelled } from '../lib/form.js';
import { when } from '../lib/format.js';
import { section } from './page.js';
import { mayManage } from './people.js';

const REASONS = ['solved', 'not_solved', 'called_back', 'customer_left'];

/**
 * @param {import('../console.js').Console} context
 * @param {any} session
 * @param {boolean} over also how it went can be said then
 */
export function notesCard(context, session, over) {
  const list = h('ul', { class: 'notes-list', id: 'notes' });
  const show = (/** @type {any} */ now) => list.replaceChildren(...(now.notes ?? []).map(row));
  const text = h('textarea', { name: 'note', rows: 2, maxlength: 2000, required: true, tAttr: { 'aria-label': 'console.notes.new', placeholder: 'console.notes.placeholder' } });
  const add = async (/** @type {any} */ { note }) => {
    show(await change(session, { note }));
    text.value = '';
  };
  show(session);
  const may = context.may('sessions:write') && (mayManage(context, session) || (session.participants ?? []).some((/** @type {any} */ { operator_id: id }) => id === context.me.operator.id));
  return section('console.notes', null, list, may ? form({ id: 'add-note', submit: 'console.notes.add', quiet: true, act: add }, text) : null, over ? closing(session, may) : null);
}

/** @param {any} session @param {any} body */
const change = (session, body) => call('PATCH', `/v1/sessions/${session.id}`, { json: body });

/** @param {any} note */
function row({ author_name, created_at, text }) {
  return h('li', {}, h('p', {}, text), h('p', { class: 'soft small' }, `${author_name} · ${when(created_at)}`));
}

/** @param {any} session @param {boolean} may */
function closing(session, may) {
  const id = 'closing-reasons';
  const options = h('datalist', { id }, ...REASONS.map((reason) => h('option', { t: `console.closing.${reason}` })));
  const control = input('closing_reason', { as: 'optional', value: session.closing_reason ?? '', maxlength: 200, list: id, disabled: !may });
  const act = async (/** @type {any} */ values) => {
    await change(session, values);
    say('console.saved');
  };
  const entry = h('div', {}, labelled('console.closing', control, 'console.closing.hint'), options);
  return may ? form({ id: 'closing', submit: 'console.save', quiet: true, act }, entry) : entry;
}
