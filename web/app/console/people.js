/** Who is in a session, and who else could be: handing it over, asking a colleague in, sending a guest out. */

import { call, create, explain } from '../lib/api.js';
import { h, messageBox } from '../lib/dom.js';
import { confirmDialog, note, openDialog } from '../lib/dialog.js';
import { form, input, labelled, select } from '../lib/form.js';
import { hasText, t } from '../lib/i18n.js';
import { button, chip, section } from './page.js';

/** @typedef {import('../console.js').Console} Console */

/**
 * @param {Console} context
 * @param {any} session
 * @param {boolean} over whether nothing can be changed any more
 */
export async function peopleCard(context, session, over) {
  const message = messageBox();
  const list = h('ul', { class: 'rows', id: 'people' });
  const may = !over && !!session.operator && context.may('sessions:write') && mayManage(context, session);
  const read = async () => {
    try {
      const [present, guests] = await Promise.all([call('GET', `/v1/sessions/${session.id}/participants`), call('GET', `/v1/sessions/${session.id}/guests`)]);
      list.replaceChildren(...rows(session, present.items, guests.items, may, remove));
    } catch (error) {
      message.show(...explain(error, hasText));
    }
  };
  const remove = async (/** @type {any} */ guest) => {
    const act = async () => (await call('DELETE', `/v1/sessions/${session.id}/guests/${guest.operator_id}`)) ?? true;
    const key = 'console.people.remove';
    if (await confirmDialog({ title: key, text: `${key}.text`, values: { name: guest.name }, confirm: key, act })) await read();
  };
  const actions = [
    button('console.people.invite', async () => (await askIn(session)) && read(), { id: 'invite-colleague' }),
    button('console.people.transfer', () => transfer(context, session), { id: 'transfer' }),
  ];
  await read();
  return section('console.people', null, message.element, list, may ? h('div', { class: 'row' }, ...actions) : null);
}

/** @param {Console} context @param {any} session */
export const mayManage = ({ me }, session) => me.operator.role === 'administrator' || session.operator?.id === me.operator.id;

/**
 * @param {any} session
 * @param {any[]} present participants
 * @param {any[]} guests
 * @param {boolean} may
 * @param {(guest: any) => void} remove
 */
function rows(session, present, guests, may, remove) {
  const begun = session.state !== 'waiting';
  const place = (/** @type {string} */ id) => present.find(({ operator_id, removed_at }) => operator_id === id && !removed_at);
  const customer = present.find(({ side }) => side === 'customer');
  const asked = guests.filter(({ removed_at }) => !removed_at);
  return [
    person(session.customer?.name ?? t('console.customer.unnamed'), 'customer', begun && (customer ?? {})),
    session.operator ? person(session.operator.name, 'operator', begun && (place(session.operator.id) ?? {})) : h('li', { class: 'soft', t: 'console.people.nobody' }),
    ...asked.map((guest) => person(guest.name, 'guest', begun && (place(guest.operator_id) ?? {}), may ? button('console.people.remove', () => remove(guest)) : null)),
  ];
}

/** @param {string} name @param {string} part @param {any} place false before anybody could be there @param {Node | null} [act] */
function person(name, part, place, act = null) {
  const here = place && place.connected;
  return h(
    'li',
    {},
    h('span', { class: 'two' }, h('span', {}, name), h('span', { class: 'soft small', t: `console.people.${part}` })),
    h('span', { class: 'row' }, place ? chip(here ? 'console.people.here' : 'console.people.away', here ? 'good' : '') : null, act),
  );
}

/** @param {any} session */
async function colleagues({ id }) {
  return /** @type {any[]} */ ((await call('GET', `/v1/sessions/${id}/colleagues`)).items);
}

/** @param {any} session */
async function askIn(session) {
  const people = await colleagues(session);
  if (!people.length) return note('console.people.alone');
  const modes = [{ value: '', label: 'console.people.mode.same' }, ...(session.mode === 'view' ? [] : [{ value: 'view', label: 'console.people.mode.view' }])];
  return openDialog({ title: 'console.people.invite' }, (/** @type {(value?: boolean) => void} */ close) => {
    const act = async (/** @type {any} */ { operator_id, mode }) => {
      await create(`/v1/sessions/${session.id}/guests`, { operator_id, ...(mode ? { mode } : {}) });
      note('console.people.invited');
      close(true);
    };
    return [
      form(
        { id: 'guest-form', submit: 'console.people.invite', act, beside: [button('app.cancel', () => close())] },
        h('p', { class: 'soft', t: 'console.people.invite.hint' }),
        labelled('console.people.who', select('operator_id', people.map(named), people[0].operator_id, { 'data-focus': true })),
        labelled('console.people.mode', select('mode', modes, '')),
      ),
    ];
  });
}

/** @param {Console} context @param {any} session */
async function transfer(context, session) {
  const people = (await colleagues(session)).filter(({ may_take_over }) => may_take_over);
  if (!people.length) return note('console.people.alone');
  const moved = await openDialog({ title: 'console.people.transfer' }, (/** @type {(value?: any) => void} */ close) => {
    const act = async (/** @type {any} */ { operator_id, note: text }) => close(await create(`/v1/sessions/${session.id}/transfer`, { operator_id, ...(text ? { note: text } : {}) }));
    return [
      form(
        { id: 'transfer-form', submit: 'console.people.transfer', act, beside: [button('app.cancel', () => close())] },
        h('p', { class: 'soft', t: 'console.people.transfer.hint' }),
        labelled('console.people.who', select('operator_id', people.map(named), people[0].operator_id, { 'data-focus': true })),
        labelled('console.people.note', input('note', { maxlength: 2000 }), 'console.people.note.hint'),
      ),
    ];
  });
  if (!moved) return;
  note('console.people.transferred', { name: moved.operator?.name ?? '' });
  context.show(moved);
}

/** @param {{operator_id: string, name: string}} colleague */
const named = ({ operator_id, name }) => ({ value: operator_id, text: name });
