/** The administrative log: who did what, from where; who tried to sign in. */

import { all } from '../../lib/api.js';
import { h } from '../../lib/dom.js';
import { openDialog } from '../../lib/dialog.js';
import { whenExactly } from '../../lib/format.js';
import { hasText, t } from '../../lib/i18n.js';
import { pagedList } from '../../lib/list.js';
import { filterBar } from '../filters.js';
import { button, facts, head } from '../page.js';
import { deviceOf } from '../sign_ins.js';
import { logActions } from './witness.js';

const SUBJECTS = ['sign_in', 'operator', 'organization', 'retention', 'legal_hold', 'customer', 'keys', 'policy', 'device', 'device_enrolment', 'api_key', 'session', 'password', 'second_factor', 'second_step', 'passkey', 'machine', 'integration', 'webhook_endpoint'];

/** @param {import('../../console.js').Console} context @returns {Promise<import('../../console.js').View>} */
export async function logPage(context) {
  const operators = context.may('operators:read') ? await all('/v1/operators') : [];
  const names = new Map(operators.map(({ id, name }) => [id, name]));
  const subjects = SUBJECTS.map((value) => ({ value, label: `console.log.subject.${value}` }));
  const filters = filterBar(
    [
      { name: 'q', kind: 'search', label: 'console.log.search' },
      { name: 'action', kind: 'choice', label: 'console.log.about', options: subjects },
      { name: 'from', kind: 'time', label: 'console.filter.from' },
      { name: 'to', kind: 'time', label: 'console.filter.to' },
    ],
    () => list.restart(),
  );
  const list = pagedList({
    label: 'console.place.log',
    path: () => `/v1/audit-events${filters.query()}`,
    empty: 'console.log.empty',
    size: 50,
    columns: [
      { label: 'console.log.what', cell: (event) => what(event, names) },
      { label: 'console.log.who', cell: ({ actor }) => actorText(actor), class: 'names' },
      { label: 'console.log.where', cell: (event) => event.address ?? '', class: 'late' },
      { label: 'console.log.when', cell: ({ time }) => whenExactly(time) },
    ],
  });
  await list.restart();
  const element = h('div', { class: 'page wide stack' }, head({ title: 'console.place.log', lead: 'console.log.lead', actions: logActions() }), filters.element, list.element);
  return { element, title: 'console.place.log', close: list.close };
}

/** @param {any} event @param {Map<string, string>} names of operators */
function what(event, names) {
  const whom = event.target && event.target.id !== event.actor.id ? names.get(event.target.id) : null;
  const about = [whom ?? event.data.name, event.data.login, event.data.why].filter((value) => typeof value === 'string');
  const open = button('console.log.details', () => details(event), { class: 'bare' });
  open.replaceChildren(actionText(event.action));
  return h('span', { class: 'two' }, open, about.length ? h('span', { class: 'soft small' }, about.join(' · ')) : null);
}

/** In words where we have them, else the name of the action. @param {string} action */
function actionText(action) {
  const key = `console.log.action.${action}`;
  return hasText(key) ? t(key) : action;
}

/** @param {{type: string, name: string | null, id: string | null}} actor */
function actorText({ type, name, id }) {
  const key = `console.log.actor.${type}`;
  return name ?? (hasText(key) ? t(key) : (id ?? type));
}

/** Everything about one line. @param {any} event */
function details(event) {
  const data = Object.entries(event.data);
  return openDialog({ title: 'console.log.details', wide: true }, (/** @type {(value?: boolean) => void} */ close) => [
    facts([
      ['console.log.what', `${actionText(event.action)} (${event.action})`],
      ['console.log.when', whenExactly(event.time)],
      ['console.log.who', [actorText(event.actor), event.actor.id].filter(Boolean).join(' · ')],
      ['console.log.target', event.target ? event.target.id : null],
      ['console.log.where', event.address],
      ['console.log.device', event.user_agent ? deviceOf(event.user_agent) : null],
    ]),
    data.length ? h('pre', { class: 'data' }, JSON.stringify(event.data, null, 2)) : null,
    h('div', { class: 'row end' }, button('app.close', () => close(), { class: 'primary', 'data-focus': true })),
  ].filter((node) => node !== null));
}
