/** The history: sessions, their events, sign-ins and sums, each with filters, as a table and as a CSV file. */

import { call, download, explain } from '../../lib/api.js';
import { h, messageBox } from '../../lib/dom.js';
import { note } from '../../lib/dialog.js';
import { amount, lasted, number } from '../../lib/format.js';
import { bindText, hasText, onLanguage } from '../../lib/i18n.js';
import { link, pagedList } from '../../lib/list.js';
import { filterBar } from '../filters.js';
import { button, head } from '../page.js';
import { REPORTS } from './reports.js';
import { usageTable } from './usage.js';

/** @typedef {import('../../console.js').Console} Console */

/**
 * @param {Console} context
 * @param {string} name of the report
 * @returns {Promise<import('../../console.js').View>}
 */
export async function historyPage(context, name) {
  const report = REPORTS[name];
  const filters = filterBar(report.filters(context), () => restart());
  const list = name === 'usage' ? usageTable(() => filters.query()) : pagedList({ label: `console.history.${name}`, path: () => `/v1/reports/${name}${filters.query()}`, empty: 'console.history.empty', size: 50, columns: report.columns(context) });
  const sums = report.summed ? totals(() => filters.query()) : null;
  const restart = async () => {
    await Promise.all([list.restart(), sums?.read()]);
  };
  const save = async () => {
    note('console.history.saving');
    await download(`/v1/reports/${name}${filters.query({ format: 'csv', bom: 'true' })}`, `${name}.csv`);
  };
  await restart();
  const element = h(
    'div',
    { class: 'page wide stack' },
    head({
      title: 'console.place.history',
      lead: context.me.operator.role === 'operator' ? 'console.history.lead.own' : 'console.history.lead',
      actions: [button('console.history.csv', save, { id: 'save-csv' })],
    }),
    tabs(context, name),
    filters.element,
    sums?.element ?? null,
    list.element,
  );
  const close = () => {
    list.close();
    sums?.close();
  };
  return { element, title: 'console.place.history', close };
}

/** Which report. @param {Console} context @param {string} name */
function tabs({ go }, name) {
  const items = Object.keys(REPORTS).map((other) => {
    const item = link(other === 'sessions' ? '/console/history' : `/console/history/${other}`, go, h('span', { t: `console.history.${other}` }));
    item.classList.add('tab');
    if (other === name) item.setAttribute('aria-current', 'page');
    return item;
  });
  return h('nav', { class: 'tabs', tAttr: { 'aria-label': 'console.history.which' } }, ...items);
}

/** Sums of what the filters leave, in one line. @param {() => string} query */
function totals(query) {
  const line = h('p', { class: 'totals', id: 'totals', role: 'status' });
  const message = messageBox();
  /** @type {any} */
  let total = null;
  const draw = () => {
    if (!total) return;
    const { sessions, seconds, bytes_from_host: host, bytes_from_viewers: viewers } = total;
    bindText(line, 'console.history.totals', { sessions: number(sessions), time: lasted(seconds), bytes: amount(host + viewers) });
  };
  const read = async () => {
    try {
      ({ total } = await call('GET', `/v1/reports/usage${query()}`));
      message.hide();
      draw();
    } catch (error) {
      message.show(...explain(error, hasText));
    }
  };
  return { element: h('div', {}, message.element, line), read, close: onLanguage(draw) };
}
