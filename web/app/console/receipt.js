/** The receipt on the page of a session that is over: what was allowed and when, to print and to keep. */

import { ApiError, call } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { fetchReceipt, receiptLinks, receiptTimeline } from '../lib/receipt.js';
import { section } from './page.js';

const LINKS = { open: 'console.receipt.open', page: 'console.receipt.page', file: 'console.receipt.file' };

/** @param {{id: string}} session */
export function receiptCard({ id }) {
  const inside = h('div', { class: 'stack', id: 'receipt', 'aria-live': 'polite' }, h('p', { class: 'soft', t: 'console.receipt.wait' }));
  const get = (/** @type {string} */ query) => call('GET', `/v1/sessions/${id}/receipt?${query}`, { as: 'text' });
  void fetchReceipt(get).then(
    (made) => {
      const said = made.receipt.host ? h('p', { class: 'soft small', t: `receipt.word.host.${made.receipt.host.side}` }) : null;
      inside.replaceChildren(...[receiptTimeline(made.receipt), said, receiptLinks(made, LINKS)].filter((part) => part !== null));
    },
    (error) => {
      const detail = error instanceof ApiError ? error.message : String(error.message ?? error);
      inside.replaceChildren(h('p', { class: 'soft', t: 'console.receipt.none', values: { detail } }));
    },
  );
  return section('console.receipt.title', null, inside);
}
