/** Enrolled devices: who is online, the way in for new ones, and groups. */

import { all, call, create } from '../../lib/api.js';
import { copyable, h } from '../../lib/dom.js';
import { confirmDialog, note, openDialog } from '../../lib/dialog.js';
import { form, input, labelled, select } from '../../lib/form.js';
import { when } from '../../lib/format.js';
import { pagedList } from '../../lib/list.js';
import { filterBar } from '../filters.js';
import { button, chip, head, section } from '../page.js';
import { connect } from './device_connect.js';
import { groupDialog } from './device_groups.js';

/** @typedef {import('../../console.js').Console} Console */

/** @param {Console} context @returns {Promise<import('../../console.js').View>} */
export async function devicesPage(context) {
  const groups = await all('/v1/device-groups');
  const may = context.may('devices:write');
  const names = new Map(groups.map(({ id, name }) => [id, name]));
  const filters = filterBar(
    [
      { name: 'q', kind: 'search', label: 'console.devices.search' },
      { name: 'group_id', kind: 'choice', label: 'console.devices.group', options: groups.map(({ id, name }) => ({ value: id, text: name })) },
    ],
    () => list.restart(),
  );
  const list = pagedList({
    label: 'console.place.devices',
    path: () => `/v1/devices${filters.query()}`,
    empty: 'console.devices.empty',
    href: ({ id }) => `/console/devices/${id}`,
    go: context.go,
    columns: [
      { label: 'console.devices.name', cell: (device) => h('span', { class: 'two' }, h('span', {}, device.name), h('span', { class: 'soft small' }, [device.platform, names.get(device.group_id)].filter(Boolean).join(' · '))) },
      { label: 'console.devices.seen', cell: (device) => (device.seen_at ? when(device.seen_at) : h('span', { class: 'soft', t: 'console.never' })), class: 'late' },
      { label: 'console.devices.standing', cell: (device) => standing(device) },
      { label: 'console.actions', cell: (device) => (device.connection.allowed ? button('console.devices.connect', () => connect(context, device), { class: 'connect' }) : null), class: 'acts' },
    ],
  });
  await list.restart();
  const actions = may ? [button('console.devices.enrol', () => enrol(groups), { class: 'primary', id: 'enrol-device' })] : [];
  const element = h(
    'div',
    { class: 'page wide stack' },
    head({ title: 'console.place.devices', lead: 'console.devices.lead', actions }),
    filters.element,
    list.element,
    context.me.operator.role === 'operator' ? null : groupsCard(context, groups, may),
    may ? await tokensCard() : null,
  );
  return { element, title: 'console.place.devices', close: list.close };
}

/** @param {any} device */
export function standing({ state, online }) {
  if (state !== 'enabled') return chip(`console.device.state.${state}`, state === 'disabled' ? 'warn' : 'bad');
  return chip(online ? 'console.devices.online' : 'console.devices.offline', online ? 'good' : '');
}

/** @param {any[]} groups */
async function enrol(groups) {
  await openDialog({ title: 'console.devices.enrol' }, (/** @type {(value?: boolean) => void} */ close) => {
    const act = async (/** @type {any} */ { group_id, ...body }) => {
      const made = await create('/v1/device-enrolments', group_id ? { ...body, group_id } : body);
      entry.replaceWith(howTo(made, () => close(true)));
    };
    const options = [{ value: '', label: 'console.devices.no_group' }, ...groups.map(({ id, name }) => ({ value: id, text: name }))];
    const entry = form(
      { id: 'enrol-form', submit: 'console.devices.enrol.make', act, beside: [button('app.cancel', () => close())] },
      h('p', { class: 'soft', t: 'console.devices.enrol.lead' }),
      labelled('console.devices.enrol.name', input('name', { required: true, maxlength: 100, 'data-focus': true }), 'console.devices.enrol.name.hint'),
      groups.length ? labelled('console.devices.group', select('group_id', options, '')) : null,
      h(
        'div',
        { class: 'pair' },
        labelled('console.devices.enrol.uses', input('uses', { as: 'number', type: 'number', min: 1, max: 1000, value: 1, required: true })),
        labelled('console.devices.enrol.hours', input('expires_in_hours', { as: 'number', type: 'number', min: 1, max: 720, value: 24, required: true })),
      ),
    );
    return [entry];
  });
}

/** @param {{token: string}} made @param {() => void} done */
function howTo({ token }, done) {
  return h(
    'div',
    { class: 'stack', id: 'enrolment', role: 'status' },
    h('p', { t: 'console.devices.enrol.run' }),
    copyable(`tasuki enroll ${token} --server ${location.origin}`, 'app.copy'),
    h('p', { class: 'soft small', t: 'console.devices.enrol.once' }),
    h('div', { class: 'row end' }, button('app.close', done, { class: 'primary' })),
  );
}

/** @param {Console} context @param {any[]} groups @param {boolean} may */
function groupsCard(context, groups, may) {
  const edit = async (/** @type {any} */ group) => (await groupDialog(group)) && context.again();
  const items = groups.map((group) =>
    h(
      'li',
      {},
      h('span', { class: 'two' }, h('span', {}, group.name), h('span', { class: 'soft small', t: `console.consent.${group.consent ?? 'none'}` })),
      may ? button('console.edit', () => edit(group)) : null,
    ),
  );
  return section(
    'console.devices.groups',
    'console.devices.groups.hint',
    h('ul', { class: 'rows' }, ...(items.length ? items : [h('li', { class: 'soft', t: 'console.devices.groups.none' })])),
    may ? h('div', { class: 'row' }, button('console.devices.groups.new', () => edit(null), { id: 'new-group' })) : null,
  );
}

/** Tokens that still work. */
async function tokensCard() {
  const list = h('ul', { class: 'rows' });
  const read = async () => {
    const tokens = (await all('/v1/device-enrolments')).filter(({ usable }) => usable);
    list.replaceChildren(...(tokens.length ? tokens.map(row) : [h('li', { class: 'soft', t: 'console.devices.tokens.none' })]));
  };
  const row = (/** @type {any} */ token) =>
    h(
      'li',
      {},
      h('span', { class: 'two' }, h('span', {}, token.name), h('span', { class: 'soft small', t: 'console.devices.tokens.left', values: { used: token.used, uses: token.uses, until: when(token.expires_at) } })),
      button('console.devices.tokens.revoke', () => revoke(token)),
    );
  const revoke = async (/** @type {any} */ { id, name }) => {
    const act = async () => (await call('DELETE', `/v1/device-enrolments/${id}`)) ?? true;
    const key = 'console.devices.tokens.revoke';
    if (!(await confirmDialog({ title: key, text: 'console.devices.tokens.revoke.text', values: { name }, confirm: key, act }))) return;
    note('console.devices.tokens.revoked');
    await read();
  };
  await read();
  return section('console.devices.tokens', 'console.devices.tokens.hint', list);
}
