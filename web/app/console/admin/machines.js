/** Machines that operators work on: registered by the command-line client, approved here. */

import { all, call, explain } from '../../lib/api.js';
import { h, messageBox } from '../../lib/dom.js';
import { confirmDialog } from '../../lib/dialog.js';
import { when } from '../../lib/format.js';
import { hasText } from '../../lib/i18n.js';
import { button, chip, section } from '../page.js';

/** @param {import('../../console.js').Console} context */
export async function machinesCard(context) {
  const message = messageBox();
  const list = h('ul', { class: 'rows', id: 'machines' });
  const names = new Map((context.may('operators:read') ? await all('/v1/operators') : []).map(({ id, name }) => [id, name]));
  const may = context.may('operators:write') || context.may('organization:write');
  const read = async () => {
    try {
      const machines = await all('/v1/machines');
      list.replaceChildren(...(machines.length ? machines.map(row) : [h('li', { class: 'soft', t: 'console.machines.none' })]));
    } catch (error) {
      message.show(...explain(error, hasText));
    }
  };
  const change = async (/** @type {any} */ { id }, /** @type {any} */ json) => {
    await call('PATCH', `/v1/machines/${id}`, { json });
    await read();
  };
  const remove = async (/** @type {any} */ { id, name }) => {
    const act = async () => (await call('DELETE', `/v1/machines/${id}`)) ?? true;
    if (await confirmDialog({ title: 'console.machines.remove', text: 'console.machines.remove.text', values: { name }, confirm: 'console.machines.remove', act })) await read();
  };
  const row = (/** @type {any} */ machine) => {
    const { name, approved, fingerprint, mac, operator_id, created_at } = machine;
    const about = [names.get(operator_id), fingerprint, mac, when(created_at)].filter(Boolean).join(' · ');
    return h(
      'li',
      {},
      h('span', { class: 'two' }, h('span', {}, name), h('span', { class: 'soft small' }, about)),
      h(
        'span',
        { class: 'row' },
        chip(approved ? 'console.machines.approved' : 'console.machines.pending', approved ? 'good' : 'warn'),
        may && !approved ? button('console.machines.approve', () => change(machine, { approved: true }), { class: 'primary' }) : null,
        may ? button('console.machines.remove', () => remove(machine)) : null,
      ),
    );
  };
  await read();
  return section('console.machines', 'console.machines.hint', message.element, list);
}
