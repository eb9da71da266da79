/** The session is over: who ended it, why, how long it took, and what next. */

import { h } from '../lib/dom.js';
import { clock, printable, when } from '../lib/format.js';
import { hasText } from '../lib/i18n.js';
import { notesCard } from './notes.js';
import { receiptCard } from './receipt.js';

const SIDES = ['operator', 'customer', 'administrator', 'system'];

/**
 * @param {import('../console.js').Console} context
 * @param {any} session
 * @returns {import('../console.js').View}
 */
export function endedView(context, session) {
  const expired = session.state === 'expired';
  const again = h('button', { type: 'button', class: 'primary', t: 'console.ended.back', onclick: () => context.go('/console') });
  const element = h(
    'div',
    { class: 'page ended-page stack' },
    h(
      'section',
      { class: 'card stack ended', role: 'status' },
      h('h1', { t: expired ? 'console.ended.expired' : 'console.ended.title' }),
      ...(expired ? [h('p', { t: 'console.ended.expired.hint' })] : why(context, session)),
      facts(session),
      h('div', { class: 'row' }, again),
    ),
    expired ? null : receiptCard(session),
    notesCard(context, session, true),
  );
  return { element, title: 'console.ended.title' };
}

/** @param {import('../console.js').Console} context @param {any} session */
function why({ me }, session) {
  const own = session.operator?.id === me.operator.id;
  const by = !SIDES.includes(session.ended_by) ? 'system' : session.ended_by === 'operator' && !own ? 'colleague' : session.ended_by;
  const reason = printable(session.reason ?? 'ended');
  const key = `console.ended.reason.${reason}`;
  const known = hasText(key);
  return [
    h('p', { id: 'ended-by', class: 'lead', t: `console.ended.by.${by}` }),
    reason === 'ended'
      ? null
      : h('p', { id: 'ended-reason', t: known ? key : 'console.ended.reason', values: { reason } }),
  ];
}

/** @param {any} session */
function facts(session) {
  /** @type {[string, string | null][]} */
  const rows = [
    ['console.facts.customer', [session.customer?.name, session.reference?.id].filter(Boolean).join(' · ') || null],
    ['console.facts.started', session.started_at ? when(session.started_at) : null],
    ['console.facts.length', length(session)],
  ];
  const shown = rows.filter(([, value]) => value);
  return h('dl', { class: 'facts' }, ...shown.flatMap(([key, value]) => [h('dt', { t: key }), h('dd', {}, value)]));
}

/** @param {any} session */
function length({ started_at, ended_at }) {
  return started_at && ended_at ? clock(Date.parse(ended_at) - Date.parse(started_at)) : null;
}
