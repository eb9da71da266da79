/** One customer: what is kept about them, and forgetting all of it. */

import { call } from '../../lib/api.js';
import { copyable, h } from '../../lib/dom.js';
import { note, openDialog } from '../../lib/dialog.js';
import { form, input, labelled } from '../../lib/form.js';
import { number, when } from '../../lib/format.js';
import { button, chip, facts, head, section } from '../page.js';
import { nameOf } from './customers.js';

/** What is lost, as the list in the dialog says it. */
const LOST = ['who', 'words', 'messages', 'where'];

/**
 * @param {import('../../console.js').Console} context
 * @param {string} id
 * @returns {Promise<import('../../console.js').View>}
 */
export async function customerPage(context, id) {
  const customer = await call('GET', `/v1/customers/${id}`);
  const element = h(
    'div',
    { class: 'page stack' },
    head({ text: nameOf(customer), chip: customer.forgotten ? chip('console.history.forgotten') : null, back: { path: '/console/customers', label: 'console.place.customers', go: context.go } }),
    section(
      'console.customers.kept',
      customer.forgotten ? 'console.history.forgotten.text' : null,
      facts([
        ['console.customers.who', customer.name],
        ['console.customers.email', customer.email],
        ['console.history.sessions', number(customer.sessions)],
        ['console.customers.since', when(customer.created_at)],
        ['console.customers.forgotten_at', customer.forgotten_at ? when(customer.forgotten_at) : null],
      ]),
    ),
    customer.proof ? section('console.customers.proof', 'console.customers.proof.hint', copyable(customer.proof, 'app.copy')) : null,
    !customer.forgotten && context.may('customers:forget') ? section('console.customers.forget', 'console.customers.forget.hint', h('div', { class: 'row' }, button('console.customers.forget', () => forget(context, customer), { class: 'danger', id: 'forget' }))) : null,
  );
  return { element, title: 'console.place.customers' };
}

/** @param {import('../../console.js').Console} context @param {any} customer */
async function forget(context, customer) {
  const done = await openDialog({ title: 'console.customers.forget.title', values: { name: nameOf(customer) }, wide: true }, (/** @type {(value?: boolean) => void} */ close) => {
    const act = async (/** @type {any} */ { reason }) => {
      await call('POST', '/v1/customers/forget', { json: { customer_id: customer.id, reason } });
      close(true);
    };
    const lost = h('ul', { class: 'plain-list', id: 'what-is-lost' }, ...LOST.map((what) => h('li', { t: `console.customers.lost.${what}` })));
    const cancel = button('app.cancel', () => close(), { 'data-focus': true });
    return [
      h('p', { t: 'console.customers.forget.text', values: { sessions: number(customer.sessions) } }),
      lost,
      h('p', { class: 'notice warn', role: 'note', t: 'console.customers.forget.for_good' }),
      form(
        { id: 'forget-form', submit: 'console.customers.forget.yes', danger: true, act, beside: [cancel] },
        labelled('console.customers.reason', input('reason', { required: true, maxlength: 200 }), 'console.customers.reason.hint'),
      ),
    ];
  });
  if (!done) return;
  note('console.customers.forgot');
  context.again();
}
