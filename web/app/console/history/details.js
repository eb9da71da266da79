/** Everything about one line of the history, in a dialog. */

import { h } from '../../lib/dom.js';
import { openDialog } from '../../lib/dialog.js';
import { amount, lasted, whenExactly } from '../../lib/format.js';
import { hasText, t } from '../../lib/i18n.js';
import { button, facts } from '../page.js';
import { deviceOf } from '../sign_ins.js';

/** @typedef {(value?: boolean) => void} Close */

/** @param {import('../../console.js').Console} context @param {any} row */
export function sessionDetails(context, row) {
  return openDialog({ title: 'console.history.session', wide: true }, (/** @type {Close} */ close) => {
    const open = () => {
      close();
      context.go(`/console/sessions/${row.id}`);
    };
    return [
      row.forgotten ? h('p', { class: 'notice', t: 'console.history.forgotten.text' }) : h('span', { hidden: true }),
      facts([
        ['console.facts.customer', [row.customer?.name, row.customer?.email].filter(Boolean).join(' · ')],
        ['console.list.reference', row.reference ? `${row.reference.system} ${row.reference.id}` : null],
        ['console.history.device', row.device?.name],
        ['console.history.made', whenExactly(row.created_at)],
        ['console.facts.started', row.started_at ? whenExactly(row.started_at) : null],
        ['console.history.lasted', row.seconds === null ? null : lasted(row.seconds)],
        ['console.history.end', row.ended_by ? [t(`console.history.party.${row.ended_by}`), whyEnded(row.reason)].filter(Boolean).join(' · ') : t(`console.state.${row.state}`)],
        ['console.history.closing', row.closing_reason],
      ]),
      ...row.participants.map(participant),
      row.files.length ? h('section', { class: 'stack' }, h('h3', { t: 'console.history.files' }), h('ul', { class: 'plain-list' }, ...row.files.map((/** @type {any} */ { path, bytes }) => h('li', {}, h('code', {}, path), ` ${amount(bytes)}`)))) : h('span', { hidden: true }),
      h('div', { class: 'row end' }, button('console.history.open', open), button('app.close', () => close(), { class: 'primary', 'data-focus': true })),
    ];
  });
}

/** @param {any} one */
function participant(one) {
  return h(
    'section',
    { class: 'stack' },
    h('h3', { t: one.guest ? 'console.history.guest' : `console.history.side.${one.side}` }),
    facts([
      ['console.log.where', one.addresses.join(', ')],
      ['console.log.device', one.user_agents.map(deviceOf).join('; ')],
      ['console.history.joined', one.joined_at ? whenExactly(one.joined_at) : null],
      ['console.history.left', one.left_at ? whenExactly(one.left_at) : null],
      ['console.history.connected', lasted(one.seconds)],
      ['console.history.sent', amount(one.bytes_in)],
      ['console.history.received', amount(one.bytes_out)],
    ]),
  );
}

/** @param {any} row */
export function eventDetails(row) {
  return openDialog({ title: 'console.history.event', wide: true }, (/** @type {Close} */ close) => [
    facts([
      ['console.history.event', row.type],
      ['console.log.when', whenExactly(row.time)],
      ['console.history.session', row.session_id],
      ['console.history.operator', row.operator?.name],
    ]),
    row.data === null ? h('p', { class: 'notice', t: 'console.history.forgotten.text' }) : h('pre', { class: 'data' }, JSON.stringify(row.data, null, 2)),
    h('div', { class: 'row end' }, button('app.close', () => close(), { class: 'primary', 'data-focus': true })),
  ]);
}

/** Why it ended, where there is more to say than that it did. @param {string | null} reason */
export function whyEnded(reason) {
  const key = `console.ended.reason.${reason}`;
  return hasText(key) ? t(key) : reason === 'ended' ? '' : (reason ?? '');
}
