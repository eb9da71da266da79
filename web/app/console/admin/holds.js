/** Legal holds: what must be kept, by whose order, and lifting it. */

import { call, create } from '../../lib/api.js';
import { h } from '../../lib/dom.js';
import { confirmDialog, note, openDialog } from '../../lib/dialog.js';
import { choices, form, input, labelled } from '../../lib/form.js';
import { when } from '../../lib/format.js';
import { link, pagedList } from '../../lib/list.js';
import { button, head } from '../page.js';

const SCOPES = ['customer', 'session', 'organization'];

/** @param {import('../../console.js').Console} context @returns {Promise<import('../../console.js').View>} */
export async function holdsPage(context) {
  const may = context.may('holds:write');
  const list = pagedList({
    label: 'console.place.holds',
    path: () => '/v1/legal-holds',
    empty: 'console.holds.empty',
    columns: [
      { label: 'console.holds.covers', cell: (hold) => h('span', { class: 'two' }, h('span', { t: `console.holds.scope.${hold.scope}` }), covered(context, hold)) },
      { label: 'console.holds.reason', cell: ({ reason }) => h('span', { class: 'names' }, reason) },
      { label: 'console.holds.since', cell: ({ created_at: at }) => when(at) },
      { label: 'console.actions', cell: (hold) => (may ? button('console.holds.lift', () => lift(hold, () => list.restart()), { class: 'plain' }) : null), class: 'acts' },
    ],
  });
  await list.restart();
  const add = async () => {
    if (await order()) await list.restart();
  };
  const actions = may ? [button('console.holds.new', add, { class: 'primary', id: 'new-hold' })] : [];
  const element = h('div', { class: 'page wide stack' }, head({ title: 'console.place.holds', lead: 'console.holds.lead', actions }), list.element);
  return { element, title: 'console.place.holds', close: list.close };
}

/** @param {import('../../console.js').Console} context @param {any} hold */
function covered({ go }, { session_id: session, customer_id: customer, customer_email: email }) {
  if (session) return link(`/console/sessions/${session}`, go, session);
  return customer ? link(`/console/customers/${customer}`, go, email ?? customer) : null;
}

function order() {
  return openDialog({ title: 'console.holds.new', wide: true }, (/** @type {(value?: boolean) => void} */ close) => {
    const scopes = choices('scope', 'console.holds.covers', SCOPES.map((value) => ({ value, label: `console.holds.scope.${value}`, hint: `console.holds.scope.${value}.hint` })), 'customer');
    const email = labelled('console.list.email', input('customer_email', { type: 'email', required: true, maxlength: 254, 'data-focus': true }));
    const session = labelled('console.holds.session', input('session_id', { required: true, maxlength: 60, placeholder: 'ses_…' }), 'console.holds.session.hint');
    /** What does not belong to the scope is neither shown nor sent. */
    const shown = () => {
      const scope = /** @type {HTMLInputElement} */ (scopes.querySelector(':checked')).value;
      for (const [place, name] of /** @type {[HTMLElement, string][]} */ ([[email, 'customer'], [session, 'session']])) {
        place.hidden = scope !== name;
        /** @type {HTMLInputElement} */ (place.querySelector('input')).disabled = place.hidden;
      }
    };
    scopes.addEventListener('change', shown);
    shown();
    const act = async (/** @type {any} */ body) => {
      await create('/v1/legal-holds', body);
      note('console.holds.ordered');
      close(true);
    };
    const reason = labelled('console.holds.reason', input('reason', { required: true, maxlength: 500 }), 'console.holds.reason.hint');
    return [form({ id: 'new-hold-form', submit: 'console.holds.order', act, beside: [button('app.cancel', () => close())] }, scopes, email, session, reason)];
  });
}

/** @param {any} hold @param {() => void} changed */
async function lift({ id }, changed) {
  const act = async () => (await call('DELETE', `/v1/legal-holds/${id}`)) ?? true;
  if (!(await confirmDialog({ title: 'console.holds.lift', text: 'console.holds.lift.text', confirm: 'console.holds.lift', act }))) return;
  note('console.holds.lifted');
  changed();
}
