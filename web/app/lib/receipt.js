/** The receipt of a session that is over: fetched once it is made, to open, print and save; and as a timeline. */

import { Unreachable } from './api.js';
import { h } from './dom.js';
import { bindText, hasText, language, t } from './i18n.js';

/** How long (s) the server may take to make it, and how often it is asked again (after ms) when it could not be reached. */
const WAIT = 25;
const AGAIN_MS = 1_000;
const MOST_TRIES = 10;

/**
 * A GET of the receipt, as text. @typedef {(query: string) => Promise<string>} Get
 * @typedef {{receipt: any, file: string, page: string}} Receipt
 */

/** Ask until it is made. @param {Get} get @returns {Promise<Receipt>} */
export async function fetchReceipt(get) {
  for (let tries = 1; ; tries++) {
    try {
      const file = await get(`format=json&wait=${WAIT}`);
      const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
      const page = await get(`format=html&lang=${language()}&time_zone=${encodeURIComponent(zone)}`);
      return { receipt: JSON.parse(file).receipt, file, page };
    } catch (error) {
      if (!(error instanceof Unreachable) || tries === MOST_TRIES) throw error;
    }
    await new Promise((next) => setTimeout(next, AGAIN_MS));
  }
}

/**
 * Links to open it, to save the page, and to save the signed file.
 * @param {Receipt} receipt
 * @param {{open: string, page: string, file?: string}} keys of their texts
 */
export function receiptLinks({ receipt, file, page }, keys) {
  const day = receipt.server.ended_at.slice(0, 10);
  const name = `tasuki-receipt-${day}-${receipt.session_id.slice(-6).toLowerCase()}`;
  const opened = URL.createObjectURL(new Blob([page], { type: 'text/html' }));
  const signed = URL.createObjectURL(new Blob([file], { type: 'application/json' }));
  return h(
    'div',
    { class: 'row' },
    h('a', { class: 'button primary', id: 'receipt-open', href: opened, target: '_blank', t: keys.open }),
    h('a', { class: 'button', id: 'receipt-page', href: opened, download: `${name}.html`, t: keys.page }),
    keys.file ? h('a', { class: 'button', id: 'receipt-file', href: signed, download: `${name}.json`, t: keys.file }) : null,
  );
}

/** What was allowed to whom, with its times as bars from the beginning to the end. @param {any} receipt */
export function receiptTimeline({ server, host }) {
  if (!host) return server.started_at ? h('p', { class: 'soft', t: 'receipt.allowed.unknown' }) : null;
  if (!host.grants.length) return h('p', { class: 'soft', t: 'receipt.allowed.none' });
  /** @type {Map<string, {viewer: number, what: string, spans: any[]}>} */
  const rows = new Map();
  for (const { viewer, what, ...span } of host.grants) {
    const key = `${viewer} ${what}`;
    rows.set(key, rows.get(key) ?? { viewer, what, spans: [] });
    rows.get(key)?.spans.push(span);
  }
  const shown = [...rows.values()].map(({ viewer, what, spans }) => row(server, nameOf(server, viewer), `receipt.grant.${what}`, spans));
  if (host.pauses.length) shown.push(row(server, '', 'receipt.allowed.pauses', host.pauses));
  return h('table', { class: 'timeline' }, h('tbody', {}, ...shown));
}

/** @param {any} server @param {number} sender */
function nameOf(server, sender) {
  const person = server.people.find((/** @type {any} */ one) => one.sender === sender);
  return person?.operator?.name ?? server.customer?.name ?? t('receipt.customer');
}

/** @param {any} server @param {string} name @param {string} key @param {{from: string, until: string | null}[]} spans */
function row(server, name, key, spans) {
  const begin = Date.parse(server.started_at ?? server.created_at);
  const length = Math.max(Date.parse(server.ended_at) - begin, 1_000);
  const part = (/** @type {string | null} */ moment) =>
    moment === null ? 1 : Math.min(Math.max((Date.parse(moment) - begin) / length, 0), 1);
  const bars = spans.map(({ from, until }) => {
    const bar = h('i', {});
    bar.style.left = `${part(from) * 100}%`;
    bar.style.width = `${Math.max((part(until) - part(from)) * 100, 0.5)}%`;
    return bar;
  });
  const times = spans.map(({ from, until }) => h('span', {}, `${time(from)} – ${until === null ? t('receipt.allowed.open') : time(until)}`));
  const what = h('span', {});
  if (hasText(key)) bindText(what, key);
  else what.textContent = key.slice(key.lastIndexOf('.') + 1);
  return h(
    'tr',
    { class: name ? '' : 'paused' },
    h('th', { scope: 'row' }, what, name ? h('span', { class: 'soft small' }, name) : null),
    h('td', {}, h('div', { class: 'bars', 'aria-hidden': 'true' }, ...bars), h('div', { class: 'times small' }, ...times)),
  );
}

/** @param {string} moment */
const time = (moment) => new Date(moment).toLocaleTimeString(language(), { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
