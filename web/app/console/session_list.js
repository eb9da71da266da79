/** The sessions one may see, newest first, found by what one knows of them. */

import { ApiError, call, explain } from '../lib/api.js';
import { h, messageBox } from '../lib/dom.js';
import { when } from '../lib/format.js';
import { hasText } from '../lib/i18n.js';
import { link } from '../lib/list.js';
import { filterBar } from './filters.js';

const PAGE = 10;
const STATES = ['waiting', 'claimed', 'active', 'paused', 'interrupted', 'ended', 'expired'];

/** Chip colour by state. @type {Record<string, string>} */
export const COLOURS = { waiting: 'info', claimed: 'warn', active: 'good', paused: 'good', interrupted: 'warn' };

/** @param {import('../console.js').Console} context */
export function sessionList(context) {
  const items = h('ul', { class: 'sessions' });
  const empty = h('p', { class: 'soft', t: 'console.list.empty', hidden: true });
  const message = messageBox();
  const more = h('button', { type: 'button', class: 'plain', t: 'console.list.more', hidden: true, onclick: () => read() });
  const filters = filterBar(fields(context), () => restart());
  let cursor = '';
  let turn = 0;
  const path = (/** @type {number} */ limit, from = '') => `/v1/sessions${filters.query({ limit: String(limit), cursor: from })}`;
  const show = (/** @type {any} */ page) => {
    cursor = page.next_cursor ?? '';
    more.hidden = !cursor;
    empty.hidden = items.childElementCount > 0;
    message.hide();
  };
  const rows = (/** @type {any} */ page) => page.items.map((/** @type {any} */ session) => row(context, session));
  const fail = (/** @type {unknown} */ error) => {
    if (error instanceof ApiError && error.status === 401) throw error;
    message.show(...explain(error, hasText));
  };
  const read = async () => {
    const mine = turn;
    try {
      const page = await call('GET', path(PAGE, cursor));
      if (mine !== turn) return;
      items.append(...rows(page));
      show(page);
    } catch (error) {
      fail(error);
    }
  };
  /** From the start; what is shown stays until the answer is there. */
  const restart = async (size = PAGE) => {
    const mine = ++turn;
    try {
      const page = await call('GET', path(size));
      if (mine !== turn) return;
      items.replaceChildren(...rows(page));
      show(page);
    } catch (error) {
      fail(error);
    }
  };
  const reread = () => (items.contains(document.activeElement) ? Promise.resolve() : restart(Math.max(PAGE, items.childElementCount)).catch(() => undefined));
  const heading = h('h2', { id: 'sessions-heading', t: 'console.list.title' });
  const element = h('section', { class: 'stack', 'aria-labelledby': 'sessions-heading' }, heading, filters.element, message.element, empty, items, more);
  return { element, read, reread };
}

/** @param {import('../console.js').Console} context @returns {import('./filters.js').Filter[]} */
function fields({ me }) {
  const states = STATES.map((value) => ({ value, label: `console.state.${value}` }));
  const mine = { value: me.operator.id, label: 'console.list.mine' };
  return [
    { name: 'q', kind: 'search', label: 'console.list.search' },
    { name: 'customer_email', kind: 'search', label: 'console.list.email' },
    { name: 'reference_id', kind: 'search', label: 'console.list.reference' },
    { name: 'state', kind: 'choice', label: 'console.list.state', options: states },
    .../** @type {import('./filters.js').Filter[]} */ (me.operator.role === 'operator' ? [] : [{ name: 'operator_id', kind: 'choice', label: 'console.list.whose', options: [mine] }]),
  ];
}

/** @param {import('../console.js').Console} context @param {any} session */
function row(context, session) {
  const name = session.customer?.name;
  const operator = session.operator?.id === context.me.operator.id ? null : session.operator?.name;
  const about = [session.reference?.id, operator].filter(Boolean);
  const element = link(
    `/console/sessions/${session.id}`,
    context.go,
    h('span', { class: 'session-who' }, name ? h('strong', {}, name) : h('strong', { t: 'console.customer.unnamed' }), about.length ? h('span', { class: 'soft small' }, about.join(' · ')) : null),
    h('span', { class: 'soft small' }, when(session.starts_at ?? session.created_at)),
    h('span', { class: `chip ${COLOURS[session.state] ?? ''}`, t: `console.state.${session.state}` }),
  );
  element.classList.add('session');
  return h('li', {}, element);
}
