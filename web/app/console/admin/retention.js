/** How long records are kept, what goes next, and the way to what must stay. */

import { call } from '../../lib/api.js';
import { h } from '../../lib/dom.js';
import { note } from '../../lib/dialog.js';
import { form, input, labelled } from '../../lib/form.js';
import { number, when } from '../../lib/format.js';
import { link } from '../../lib/list.js';
import { facts, section } from '../page.js';

/** @param {import('../../console.js').Console} context @param {boolean} may */
export async function retentionCard(context, may) {
  const kept = await call('GET', '/v1/organization/retention');
  const months = labelled('console.retention.months', input('settings.retention.months', { as: 'number', type: 'number', min: 1, max: 120, value: kept.months ?? '' }), 'console.retention.months.hint');
  const act = async (/** @type {any} */ json) => {
    await call('PATCH', '/v1/organization', { json });
    note('console.saved');
    context.again();
  };
  const holds = context.may('holds:read') ? link('/console/holds', context.go, h('span', { t: 'console.retention.holds' })) : null;
  return section('console.retention', 'console.retention.hint', may ? form({ id: 'organization-retention', submit: 'console.save', act }, months) : h('fieldset', { class: 'stack', disabled: true }, months), standing(kept), holds);
}

/** @param {any} kept */
function standing({ before, next_at: next, due, last }) {
  return facts([
    ['console.retention.before', before ? when(before) : h('span', { t: 'console.retention.for_ever' })],
    ['console.retention.due', before ? h('span', { t: 'console.retention.amount', values: { sessions: number(due.sessions), lines: number(due.audit_events) } }) : null],
    ['console.retention.held', due.held_sessions ? number(due.held_sessions) : null],
    ['console.retention.next', next ? when(next) : null],
    ['console.retention.last', last ? h('span', { t: 'console.retention.went', values: { when: when(last.started_at), sessions: number(last.sessions), lines: number(last.audit_events) } }) : null],
  ]);
}
