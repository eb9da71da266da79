/** One operator: who they are, what holds for them, where they are signed in, and the keys to their account. */

import { all, call } from '../../lib/api.js';
import { copyable, h } from '../../lib/dom.js';
import { confirmDialog, note, openDialog } from '../../lib/dialog.js';
import { form, input, labelled, linesInput, select } from '../../lib/form.js';
import { when } from '../../lib/format.js';
import { language } from '../../lib/i18n.js';
import { link } from '../../lib/list.js';
import { signInsCard } from '../sign_ins.js';
import { button, facts, head, section } from '../page.js';
import { invitationWords } from './operator_new.js';
import { ROLES, stateChip, stateOf } from './operators.js';

/** @typedef {import('../../console.js').Console} Console */

/**
 * @param {Console} context
 * @param {string} id
 * @returns {Promise<import('../../console.js').View>}
 */
export async function operatorPage(context, id) {
  const operator = await call('GET', `/v1/operators/${id}`);
  const policies = context.may('policies:read') ? await all('/v1/policies') : [];
  const may = context.may('operators:write');
  const signIns = await signInsCard({ path: `/v1/operators/${id}/sign-ins`, may, title: 'console.sign_ins.theirs' });
  const back = { path: '/console/operators', label: 'console.place.operators', go: context.go };
  const element = h(
    'div',
    { class: 'page wide stack' },
    head({ text: operator.name, chip: stateChip(operator), back, actions: [may_(context, operator)] }),
    about(operator),
    details(context, operator, policies, may),
    signIns.element,
    may ? keys(context, operator) : null,
    may ? danger(context, operator) : null,
  );
  return { element, title: 'console.place.operators', close: signIns.close };
}

/** 'What may she do?' @param {Console} context @param {any} operator */
function may_(context, { id }) {
  const element = link(`/console/access?operator=${id}`, context.go, h('span', { t: 'console.place.access' }));
  element.classList.add('button');
  return element;
}

/** @param {any} operator */
function about(operator) {
  return section(
    'console.operator.about',
    null,
    facts([
      ['console.login', operator.login],
      ['console.operators.last_sign_in', operator.last_sign_in_at ? when(operator.last_sign_in_at) : null],
      ['console.operator.locked_until', stateOf(operator) === 'locked' ? when(operator.locked_until) : null],
      ['console.created', when(operator.created_at)],
    ]),
  );
}

/** @param {Console} context @param {any} operator @param {any[]} policies @param {boolean} may */
function details(context, operator, policies, may) {
  const fixed = { disabled: !may };
  const options = [{ value: '', label: 'console.policies.none' }, ...policies.map(({ id, name }) => ({ value: id, text: name }))];
  const roles = ROLES.map((value) => ({ value, label: `console.role.${value}` }));
  const act = async (/** @type {any} */ values) => {
    const changed = Object.fromEntries(Object.entries(values).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(operator[name] ?? empty(value))));
    if (!Object.keys(changed).length) return note('console.unchanged');
    await call('PATCH', `/v1/operators/${operator.id}`, { json: changed });
    note('console.saved');
    return context.again();
  };
  const fields = [
    h(
      'div',
      { class: 'pair' },
      labelled('console.operators.name', input('name', { value: operator.name, required: true, maxlength: 100, ...fixed })),
      labelled('console.operators.email', input('email', { as: 'optional', type: 'email', value: operator.email ?? '', maxlength: 254, ...fixed })),
    ),
    h(
      'div',
      { class: 'pair' },
      labelled('console.operators.role', select('role', roles, operator.role, fixed), 'console.operator.role.hint'),
      policies.length ? labelled('console.operator.policy', select('policy_id', options, operator.policy_id, fixed), 'console.operator.policy.hint') : null,
    ),
    'networks' in operator ? labelled('console.operator.networks', linesInput('networks', operator.networks ?? [], { placeholder: '192.0.2.0/24', ...fixed }), 'console.operator.networks.hint') : null,
  ];
  return section('console.operator.details', null, may ? form({ id: 'operator', submit: 'console.save', act }, ...fields) : h('div', { class: 'stack' }, ...fields.filter((field) => field !== null)));
}

/** @param {unknown} value */
const empty = (value) => (Array.isArray(value) ? [] : null);

/** Ways back into an account. @param {Console} context @param {any} operator */
function keys(context, operator) {
  const path = `/v1/operators/${operator.id}`;
  const values = { name: operator.name };
  const ask = (/** @type {string} */ key, /** @type {() => Promise<any>} */ act, danger = false) => confirmDialog({ title: key, text: `${key}.text`, values, confirm: key, danger, act });
  const invite = async () => {
    const answer = await ask('console.operator.invite', () => call('POST', `${path}/invite`, { json: { language: language() } }));
    if (answer) await told('console.operator.invite', invitationWords(answer, operator));
  };
  const password = async () => {
    const answer = await ask('console.operator.reset_password', () => call('POST', `${path}/reset-password`));
    if (answer) await told('console.operator.reset_password', [h('p', { t: 'console.operator.one_time' }), copyable(answer.one_time_password, 'app.copy')]);
    context.again();
  };
  const factor = async () => {
    if ((await ask('console.operator.reset_factor', async () => (await call('POST', `${path}/reset-second-factor`)) ?? true)) !== undefined) note('console.operator.reset_factor.done');
  };
  const unlock = async () => {
    await call('POST', `${path}/unlock`);
    note('console.operator.unlocked');
    context.again();
  };
  return section(
    'console.operator.keys',
    'console.operator.keys.hint',
    h(
      'div',
      { class: 'row' },
      stateOf(operator) === 'locked' ? button('console.operator.unlock', unlock, { class: 'primary', id: 'unlock' }) : null,
      operator.must_change_password ? button('console.operator.invite', invite, { id: 'invite' }) : null,
      button('console.operator.reset_password', password, { id: 'reset-password' }),
      button('console.operator.reset_factor', factor, { id: 'reset-factor' }),
    ),
  );
}

/** @param {string} title @param {HTMLElement[]} words */
function told(title, words) {
  return openDialog({ title }, (/** @type {(value?: boolean) => void} */ close) => [...words, h('div', { class: 'row end' }, button('app.close', () => close(true), { class: 'primary' }))]);
}

/** @param {Console} context @param {any} operator */
function danger(context, operator) {
  const path = `/v1/operators/${operator.id}`;
  const values = { name: operator.name };
  const suspend = async () => {
    const key = operator.suspended ? 'console.operator.resume' : 'console.operator.suspend';
    const act = () => call('PATCH', path, { json: { suspended: !operator.suspended } });
    if (await confirmDialog({ title: key, text: `${key}.text`, values, confirm: key, danger: !operator.suspended, act })) context.again();
  };
  const remove = async () => {
    const act = async () => (await call('DELETE', path)) ?? true;
    if (await confirmDialog({ title: 'console.operator.delete', text: 'console.operator.delete.text', values, confirm: 'console.operator.delete', act })) context.go('/console/operators');
  };
  const own = operator.id === context.me.operator.id;
  if (own) return null;
  return section(
    'console.danger',
    'console.operator.danger.hint',
    h('div', { class: 'row' }, button(operator.suspended ? 'console.operator.resume' : 'console.operator.suspend', suspend, { id: 'suspend' }), button('console.operator.delete', remove, { class: 'danger', id: 'delete-operator' })),
  );
}
