/** The policies there are, and which one holds for everybody. */

import { all, call, create } from '../../lib/api.js';
import { h } from '../../lib/dom.js';
import { note, openDialog } from '../../lib/dialog.js';
import { form, input, labelled, select } from '../../lib/form.js';
import { pagedList } from '../../lib/list.js';
import { button, chip, head, section } from '../page.js';
import { MEMBERS } from './members.js';

/** @param {import('../../console.js').Console} context @returns {Promise<import('../../console.js').View>} */
export async function policiesPage(context) {
  const organization = await call('GET', '/v1/organization');
  const list = pagedList({
    label: 'console.place.policies',
    path: () => '/v1/policies',
    empty: 'console.policies.empty',
    href: ({ id }) => `/console/policies/${id}`,
    go: context.go,
    columns: [
      { label: 'console.policies.name', cell: (policy) => named(policy, organization) },
      { label: 'console.policies.says', cell: (policy) => says(policy) },
      { label: 'console.place.operators', cell: ({ assigned }) => String(assigned.operators), class: 'count' },
    ],
  });
  await list.restart();
  const may = context.may('policies:write');
  const actions = may ? [button('console.policies.new', () => newPolicy(context), { class: 'primary', id: 'new-policy' })] : [];
  const element = h(
    'div',
    { class: 'page wide stack' },
    head({ title: 'console.place.policies', lead: 'console.policies.lead', actions }),
    await forEverybody(context, organization, may),
    list.element,
  );
  return { element, title: 'console.place.policies', close: list.close };
}

/** @param {any} policy @param {any} organization */
function named(policy, organization) {
  return h('span', { class: 'row' }, h('span', {}, policy.name), policy.id === organization.policy_id ? chip('console.who.everyone', 'info') : null);
}

/** @param {any} policy */
function says({ members }) {
  const names = [...MEMBERS.keys()].filter((name) => members[name] !== undefined && members[name] !== null);
  if (!names.length) return h('span', { class: 'soft', t: 'console.policies.nothing' });
  const shown = names.slice(0, 4).flatMap((name, n) => [n ? ', ' : '', h('span', { t: `console.policy.member.${name}` })]);
  return h('span', { class: 'soft' }, ...shown, names.length > 4 ? ' …' : '');
}

/** @param {import('../../console.js').Console} context @param {any} organization @param {boolean} may */
async function forEverybody(context, organization, may) {
  const policies = await all('/v1/policies');
  const options = [{ value: '', label: 'console.policies.none' }, ...policies.map(({ id, name }) => ({ value: id, text: name }))];
  const control = select('policy_id', options, organization.policy_id, { disabled: !may, tAttr: { 'aria-label': 'console.policies.everybody' } });
  const act = async (/** @type {any} */ values) => {
    await call('PATCH', '/v1/organization', { json: values });
    note('console.saved');
    context.again();
  };
  const entry = may ? form({ submit: 'console.save', act, quiet: true, id: 'organization-policy', class: 'inline' }, control) : control;
  return section('console.policies.everybody', 'console.policies.everybody.hint', entry);
}

/** @param {import('../../console.js').Console} context */
async function newPolicy(context) {
  const made = await openDialog({ title: 'console.policies.new' }, (/** @type {(value?: any) => void} */ close) => [
    form(
      { id: 'new-policy-form', submit: 'console.policies.create', act: async ({ name }) => close(await create('/v1/policies', { name, members: {} })), beside: [button('app.cancel', () => close())] },
      labelled('console.policies.name', input('name', { required: true, maxlength: 100, 'data-focus': true }), 'console.policies.name.hint'),
    ),
  ]);
  if (made) context.go(`/console/policies/${made.id}`);
}
