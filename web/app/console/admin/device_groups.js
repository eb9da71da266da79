/** A group of devices: its name and the rules for devices that have none of their own. */

import { all, call, create } from '../../lib/api.js';
import { h } from '../../lib/dom.js';
import { confirmDialog, openDialog } from '../../lib/dialog.js';
import { form, input, labelled } from '../../lib/form.js';
import { button } from '../page.js';
import { accessFields, readAccess } from './device_rules.js';

/** @param {any} group null for a new one @returns {Promise<any>} */
export async function groupDialog(group) {
  const people = await peopleAndPolicies();
  return openDialog({ title: group ? 'console.devices.groups.edit' : 'console.devices.groups.new', wide: true }, (/** @type {(value?: any) => void} */ close) => {
    const rules = accessFields(group ?? { access: { operator_ids: [], policy_ids: [] } }, people, true);
    const act = async (/** @type {any} */ { name }) => {
      const body = { name, ...readAccess(rules, true) };
      close(group ? await call('PATCH', `/v1/device-groups/${group.id}`, { json: body }) : await create('/v1/device-groups', body));
    };
    const remove = async () => {
      const gone = async () => (await call('DELETE', `/v1/device-groups/${group.id}`)) ?? true;
      const key = 'console.devices.groups.delete';
      if (await confirmDialog({ title: key, text: `${key}.text`, values: { name: group.name }, confirm: key, act: gone })) close(true);
    };
    const beside = [button('app.cancel', () => close()), ...(group ? [button('console.devices.groups.delete', remove)] : [])];
    return [
      form(
        { id: 'group-form', submit: 'console.save', act, beside },
        labelled('console.devices.groups.name', input('name', { value: group?.name ?? '', required: true, maxlength: 100, 'data-focus': true })),
        h('div', { class: 'stack' }, ...rules.elements),
      ),
    ];
  });
}

/** Whom access can be given to. */
export async function peopleAndPolicies() {
  const [operators, policies] = await Promise.all([all('/v1/operators'), all('/v1/policies')]);
  return { operators: operators.filter(({ role, suspended }) => role === 'operator' && !suspended), policies };
}
