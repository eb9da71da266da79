/** Customers: whom sessions are about, found by e-mail address. */

import { h } from '../../lib/dom.js';
import { number, when } from '../../lib/format.js';
import { t } from '../../lib/i18n.js';
import { pagedList } from '../../lib/list.js';
import { filterBar } from '../filters.js';
import { chip, head } from '../page.js';

/** @param {import('../../console.js').Console} context @returns {Promise<import('../../console.js').View>} */
export async function customersPage(context) {
  const filters = filterBar([{ name: 'email', kind: 'search', label: 'console.customers.email' }], () => list.restart());
  const list = pagedList({
    label: 'console.place.customers',
    path: () => `/v1/customers${filters.query()}`,
    empty: 'console.customers.empty',
    href: ({ id }) => `/console/customers/${id}`,
    go: context.go,
    columns: [
      { label: 'console.customers.who', cell: (customer) => h('span', { class: 'two' }, h('span', {}, nameOf(customer)), h('span', { class: 'soft small' }, customer.name ? (customer.email ?? '') : '')) },
      { label: 'console.history.sessions', cell: ({ sessions }) => number(sessions) },
      { label: 'console.customers.since', cell: ({ created_at: at }) => when(at) },
      { label: 'console.list.state', cell: ({ forgotten }) => (forgotten ? chip('console.history.forgotten') : null), class: 'late' },
    ],
  });
  await list.restart();
  const element = h('div', { class: 'page wide stack' }, head({ title: 'console.place.customers', lead: 'console.customers.lead' }), filters.element, list.element);
  return { element, title: 'console.place.customers', close: list.close };
}

/** @param {any} customer */
export function nameOf({ name, email, forgotten }) {
  return name ?? email ?? t(forgotten ? 'console.history.forgotten' : 'console.customer.unnamed');
}
