/** Sums by day, operator and mode, with all of it in the last line. */

import { call, explain } from '../../lib/api.js';
import { h, messageBox } from '../../lib/dom.js';
import { select } from '../../lib/form.js';
import { amount, lasted, number } from '../../lib/format.js';
import { hasText, onLanguage, t } from '../../lib/i18n.js';

const BY = ['day', 'operator', 'mode'];

/** @param {() => string} query of the filters */
export function usageTable(query) {
  const by = select('by', BY.map((value) => ({ value, label: `console.history.by.${value}` })), 'day', { id: 'usage-by' });
  const place = h('div', {});
  const message = messageBox();
  /** @type {any} */
  let found = null;
  const draw = () => {
    if (found) place.replaceChildren(table(found, by.value));
  };
  const restart = async () => {
    const filters = query();
    try {
      found = await call('GET', `/v1/reports/usage${filters}${filters ? '&' : '?'}by=${by.value}&utc_offset=${encodeURIComponent(offset())}`);
      message.hide();
      draw();
    } catch (error) {
      message.show(...explain(error, hasText));
    }
  };
  by.addEventListener('change', restart);
  const chooser = h('label', { class: 'filter' }, h('span', { class: 'small soft', t: 'console.history.by' }), by);
  return { element: h('div', { class: 'stack' }, h('div', { class: 'filters' }, chooser), message.element, place), restart, close: onLanguage(draw) };
}

/** Days begin where the reader is. */
function offset() {
  const minutes = -new Date().getTimezoneOffset();
  const part = (/** @type {number} */ value) => String(Math.floor(value)).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${part(Math.abs(minutes) / 60)}:${part(Math.abs(minutes) % 60)}`;
}

/** @param {any} found @param {string} by */
function table({ rows, total }, by) {
  const labels = [`console.history.by.${by}`, 'console.history.sessions', 'console.history.time', 'console.history.bytes'];
  const line = (/** @type {any} */ sums, /** @type {string} */ name, /** @type {string} */ kind) => {
    const cells = [number(sums.sessions), lasted(sums.seconds), amount(sums.bytes_from_host + sums.bytes_from_viewers)];
    return h('tr', { class: kind }, h('th', { scope: 'row', tAttr: { 'data-label': labels[0] } }, name), ...cells.map((cell, n) => h('td', { tAttr: { 'data-label': labels[n + 1] } }, cell)));
  };
  const body = rows.map((/** @type {any} */ row) => line(row, key(row, by), ''));
  const heads = labels.map((label) => h('th', { scope: 'col' }, h('span', { t: label })));
  return h('table', { class: 'list', id: 'usage', tAttr: { 'aria-label': 'console.history.usage' } }, h('thead', {}, h('tr', {}, ...heads)), h('tbody', {}, ...body, line(total, t('console.history.all'), 'sum')));
}

/** @param {any} row @param {string} by */
function key(row, by) {
  if (by === 'day') return row.day;
  if (by === 'mode') return t(`console.mode.${row.mode}`);
  return row.operator?.name ?? t('console.history.nobody');
}
