/** One device: what is known of it, its own rules, and the ways to stop it. */

import { all, call } from '../../lib/api.js';
import { h } from '../../lib/dom.js';
import { confirmDialog, note } from '../../lib/dialog.js';
import { form, input, labelled, select } from '../../lib/form.js';
import { when } from '../../lib/format.js';
import { button, facts, head, section } from '../page.js';
import { connect } from './device_connect.js';
import { peopleAndPolicies } from './device_groups.js';
import { accessFields, readAccess } from './device_rules.js';
import { standing } from './devices.js';

/** @typedef {import('../../console.js').Console} Console */

/**
 * @param {Console} context
 * @param {string} id
 * @returns {Promise<import('../../console.js').View>}
 */
export async function devicePage(context, id) {
  const device = await call('GET', `/v1/devices/${id}`);
  const may = context.may('devices:write');
  const actions = device.connection.allowed ? [button('console.devices.connect', () => connect(context, device), { class: 'primary', id: 'connect' })] : [];
  const element = h(
    'div',
    { class: 'page stack' },
    head({ text: device.name, chip: standing(device), back: { path: '/console/devices', label: 'console.place.devices', go: context.go }, actions }),
    about(device),
    may ? await rules(context, device) : null,
    may ? danger(context, device) : null,
  );
  return { element, title: 'console.place.devices' };
}

/** @param {any} device */
function about(device) {
  const refused = device.connection.refused_because.map((/** @type {string} */ why) => h('li', { t: `console.device.refused.${why}` }));
  return section(
    'console.device.about',
    null,
    facts([
      ['console.device.platform', device.platform],
      ['console.device.version', device.version],
      ['console.devices.seen', device.seen_at ? when(device.seen_at) : null],
      ['console.device.consent', h('span', { t: `console.consent.${device.effective_consent}` })],
      ['console.device.fingerprint', h('code', {}, device.fingerprint)],
      ['console.created', when(device.created_at)],
    ]),
    refused.length ? h('div', { class: 'notice warn' }, h('p', { t: 'console.device.refused' }), h('ul', { class: 'plain-list' }, ...refused)) : null,
  );
}

/** @param {Console} context @param {any} device */
async function rules(context, device) {
  const [groups, people] = await Promise.all([all('/v1/device-groups'), peopleAndPolicies()]);
  const fields = accessFields(device, people, false);
  const options = [{ value: '', label: 'console.devices.no_group' }, ...groups.map(({ id, name }) => ({ value: id, text: name }))];
  const act = async (/** @type {any} */ { name, group_id }) => {
    await call('PATCH', `/v1/devices/${device.id}`, { json: { name, group_id, ...readAccess(fields, false) } });
    note('console.saved');
    context.again();
  };
  return section(
    'console.device.rules',
    null,
    form(
      { id: 'device', submit: 'console.save', act },
      h('div', { class: 'pair' }, labelled('console.devices.name', input('name', { value: device.name, required: true, maxlength: 100 })), labelled('console.devices.group', select('group_id', options, device.group_id))),
      ...fields.elements,
    ),
  );
}

/** @param {Console} context @param {any} device */
function danger(context, device) {
  const path = `/v1/devices/${device.id}`;
  const values = { name: device.name };
  const disabled = device.state === 'disabled';
  const toggle = async () => {
    const key = disabled ? 'console.device.enable' : 'console.device.disable';
    const act = async () => (await call('POST', `${path}/${disabled ? 'enable' : 'disable'}`)) ?? true;
    if (await confirmDialog({ title: key, text: `${key}.text`, values, confirm: key, danger: !disabled, act })) context.again();
  };
  const end = async (/** @type {string} */ key, /** @type {() => Promise<any>} */ act) => {
    if (await confirmDialog({ title: key, text: `${key}.text`, values, confirm: key, act: async () => (await act()) ?? true })) context.go('/console/devices');
  };
  return section(
    'console.danger',
    'console.device.danger.hint',
    h(
      'div',
      { class: 'row' },
      button(disabled ? 'console.device.enable' : 'console.device.disable', toggle, { id: 'disable-device' }),
      button('console.device.wipe', () => end('console.device.wipe', () => call('POST', `${path}/wipe`)), { class: 'danger', id: 'wipe-device' }),
      button('console.device.delete', () => end('console.device.delete', () => call('DELETE', path)), { id: 'delete-device' }),
    ),
  );
}
