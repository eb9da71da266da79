/** The operators of the organisation: find, invite, open. */

import { h } from '../../lib/dom.js';
import { when } from '../../lib/format.js';
import { pagedList } from '../../lib/list.js';
import { filterBar } from '../filters.js';
import { button, chip, head } from '../page.js';

export const ROLES = ['administrator', 'operator', 'auditor'];
const STATES = ['active', 'suspended', 'locked', 'invited'];

/** @param {import('../../console.js').Console} context @returns {Promise<import('../../console.js').View>} */
export async function operatorsPage(context) {
  const filters = filterBar(
    [
      { name: 'q', kind: 'search', label: 'console.operators.search' },
      { name: 'role', kind: 'choice', label: 'console.operators.role', options: ROLES.map((role) => ({ value: role, label: `console.role.${role}` })) },
      { name: 'state', kind: 'choice', label: 'console.operators.state', options: STATES.map((state) => ({ value: state, label: `console.operator.state.${state}` })) },
    ],
    () => list.restart(),
  );
  const list = pagedList({
    label: 'console.place.operators',
    path: () => `/v1/operators${filters.query()}`,
    empty: 'console.operators.empty',
    href: ({ id }) => `/console/operators/${id}`,
    go: context.go,
    columns: [
      { label: 'console.operators.name', cell: (operator) => h('span', { class: 'two' }, h('span', {}, operator.name), h('span', { class: 'soft small' }, operator.login)) },
      { label: 'console.operators.role', cell: ({ role }) => h('span', { t: `console.role.${role}` }) },
      { label: 'console.operators.last_sign_in', cell: ({ last_sign_in_at: at }) => (at ? when(at) : h('span', { class: 'soft', t: 'console.never' })), class: 'late' },
      { label: 'console.operators.state', cell: (operator) => stateChip(operator) },
    ],
  });
  await list.restart();
  const add = button('console.operators.new', () => context.go('/console/operators/new'), { class: 'primary', id: 'new-operator' });
  const element = h(
    'div',
    { class: 'page wide stack' },
    head({ title: 'console.place.operators', lead: 'console.operators.lead', actions: context.may('operators:write') ? [add] : [] }),
    filters.element,
    list.element,
  );
  return { element, title: 'console.place.operators', close: list.close };
}

/** @param {any} operator */
export function stateOf(operator) {
  if (operator.suspended) return 'suspended';
  if (operator.locked_until && Date.parse(operator.locked_until) > Date.now()) return 'locked';
  if (!operator.last_sign_in_at && operator.must_change_password) return 'invited';
  return 'active';
}

/** @type {Record<string, string>} */
const COLOURS = { active: 'good', suspended: 'bad', locked: 'warn', invited: 'info' };

/** @param {any} operator */
export function stateChip(operator) {
  const state = stateOf(operator);
  return chip(`console.operator.state.${state}`, COLOURS[state]);
}
