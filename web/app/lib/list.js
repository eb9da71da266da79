/** A list of the API as a table that becomes cards on a phone: pages by cursor, rows that lead somewhere. */

import { ApiError, call, explain } from './api.js';
import { h, messageBox } from './dom.js';
import { hasText, onLanguage } from './i18n.js';

/**
 * @typedef {object} Column
 * @property {string} label key of the heading
 * @property {(item: any) => (Node | string | null)} cell
 * @property {string} [class]
 */

/**
 * @param {object} options
 * @param {string} options.label key of what the list is of, for people who do not see it
 * @param {() => string} options.path of the first page, with its filters
 * @param {Column[]} options.columns the first names the row
 * @param {string} options.empty key of what to say when there is nothing
 * @param {(item: any) => string} [options.href] where a row leads
 * @param {(path: string) => void} [options.go]
 * @param {number} [options.size] of a page
 */
export function pagedList({ label, path, columns, empty, href, go, size = 25 }) {
  const body = h('tbody', {});
  const heads = columns.map((column) => h('th', { scope: 'col', class: column.class ?? '' }, h('span', { t: column.label })));
  const table = h('table', { class: 'list', tAttr: { 'aria-label': label } }, h('thead', {}, h('tr', {}, ...heads)), body);
  const nothing = h('p', { class: 'empty soft', t: empty, hidden: true });
  const message = messageBox();
  const more = h('button', { type: 'button', class: 'plain', t: 'console.list.more', hidden: true, onclick: () => read() });
  /** @type {any[]} */
  let items = [];
  let cursor = '';
  let turn = 0;

  const draw = () => {
    body.replaceChildren(...items.map((item) => row(item, columns, href, go)));
    table.hidden = items.length === 0;
    nothing.hidden = items.length > 0;
    more.hidden = !cursor;
  };
  const read = async () => {
    const mine = turn;
    const start = path();
    const query = `${start}${start.includes('?') ? '&' : '?'}limit=${size}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`;
    try {
      const page = await call('GET', query);
      if (mine !== turn) return;
      items = [...items, ...page.items];
      cursor = page.next_cursor ?? '';
      message.hide();
      draw();
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) throw error;
      message.show(...explain(error, hasText));
    }
  };
  /** From the start again, with what the filters say now; what is shown stays until the answer is there. */
  const restart = async () => {
    turn += 1;
    [items, cursor] = [[], ''];
    await read();
  };
  const unlisten = onLanguage(draw);
  const element = h('div', { class: 'stack list-box' }, message.element, table, nothing, more);
  return { element, restart, close: unlisten, items: () => items };
}

/** @param {any} item @param {Column[]} columns @param {((item: any) => string) | undefined} href @param {((path: string) => void) | undefined} go */
function row(item, columns, href, go) {
  const path = href?.(item);
  const cells = columns.map((column, n) => {
    const content = column.cell(item);
    const inner = n === 0 && path ? link(path, go, content) : content;
    return h(n === 0 ? 'th' : 'td', { ...(n === 0 ? { scope: 'row' } : {}), class: column.class ?? '', tAttr: { 'data-label': column.label } }, inner);
  });
  return h('tr', { class: path ? 'leads' : '' }, ...cells);
}

/**
 * A link inside the console: our own navigation, and a real address for a new tab.
 * @param {string} path
 * @param {((path: string) => void) | undefined} go
 * @param {...(Node | string | null)} content
 */
export function link(path, go, ...content) {
  const open = (/** @type {MouseEvent} */ event) => {
    if (!go || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(path);
  };
  return h('a', { href: path, onclick: open }, ...content);
}
