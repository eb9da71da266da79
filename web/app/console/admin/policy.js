/** One policy: what it says of each member, to whom it is assigned, and away with it. */

import { call } from '../../lib/api.js';
import { h } from '../../lib/dom.js';
import { confirmDialog, note } from '../../lib/dialog.js';
import { form, input } from '../../lib/form.js';
import { button, head, section } from '../page.js';
import { memberRow } from './member_editor.js';
import { GROUPS } from './members.js';

/**
 * @param {import('../../console.js').Console} context
 * @param {string} id
 * @returns {Promise<import('../../console.js').View>}
 */
export async function policyPage(context, id) {
  const policy = await call('GET', `/v1/policies/${id}`);
  const may = context.may('policies:write');
  const back = { path: '/console/policies', label: 'console.place.policies', go: context.go };
  const element = h('div', { class: 'page wide stack' }, head({ text: policy.name, lead: 'console.policy.lead', back }), editor(policy, may), may ? removal(context, policy) : null);
  return { element, title: 'console.place.policies' };
}

/** @param {any} policy @param {boolean} may */
function editor(policy, may) {
  const rows = GROUPS.map(({ group, members }) => ({ group, rows: members.map((member) => memberRow(member, policy.members[member.name], !may)) }));
  const act = async (/** @type {any} */ { name }) => {
    const members = Object.fromEntries(rows.flatMap((part) => part.rows).map((row) => [row.name, row.read() ?? null]));
    const saved = await call('PATCH', `/v1/policies/${policy.id}`, { json: { name, members } });
    const title = /** @type {HTMLElement} */ (document.querySelector('h1'));
    title.textContent = saved.name;
    note('console.policy.saved');
  };
  const naming = section('console.policies.name', null, input('name', { value: policy.name, required: true, maxlength: 100, disabled: !may, tAttr: { 'aria-label': 'console.policies.name' } }));
  const cards = rows.map((part) => section(`console.policy.group.${part.group}`, `console.policy.group.${part.group}.hint`, h('div', { class: 'members' }, ...part.rows.map(({ element }) => element))));
  if (!may) return h('div', { class: 'stack' }, naming, ...cards);
  return form({ id: 'policy', class: 'stack sticky-save', submit: 'console.save', act }, naming, ...cards);
}

/** @param {import('../../console.js').Console} context @param {any} policy */
function removal(context, policy) {
  const act = async () => {
    await call('DELETE', `/v1/policies/${policy.id}`);
    return true;
  };
  const ask = async () => {
    const gone = await confirmDialog({ title: 'console.policy.delete', text: 'console.policy.delete.text', values: { name: policy.name }, confirm: 'console.policy.delete', act });
    if (gone) context.go('/console/policies');
  };
  return section('console.danger', 'console.policy.delete.hint', h('div', { class: 'row' }, button('console.policy.delete', ask, { class: 'danger', id: 'delete-policy' })));
}
