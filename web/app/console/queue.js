/** Customers who wait for whoever is free: live, with pick-up and refusal. */

import { Cancelled, Unreachable, call, create, explain } from '../lib/api.js';
import { h, messageBox } from '../lib/dom.js';
import { openDialog } from '../lib/dialog.js';
import { choices, form, input, labelled } from '../lib/form.js';
import { ago } from '../lib/format.js';
import { bindText, hasText, onLanguage, t } from '../lib/i18n.js';
import { link } from '../lib/list.js';
import { button, chip, head } from './page.js';

/** Seconds that one question may wait for a change. */
const WAIT_SECONDS = 25;
/** Pause (ms) after a question that failed. */
const RETRY_MS = 3_000;
/** How often the waiting times are written anew (ms). */
const TICK_MS = 10_000;

/**
 * Follow the queue until `signal` says stop: the first answer comes at once, each next one when something changed.
 * @param {AbortSignal} signal
 * @param {(items: any[]) => void} changed
 * @param {(error: unknown) => void} [failed]
 */
async function follow(signal, changed, failed = () => undefined) {
  let version = '';
  while (!signal.aborted) {
    try {
      const query = version ? `?wait=${WAIT_SECONDS}&seen=${encodeURIComponent(version)}` : '';
      const answer = await call('GET', `/v1/queue${query}`, { signal });
      if (signal.aborted) return;
      version = answer.version;
      changed(answer.items);
    } catch (error) {
      if (signal.aborted) return;
      failed(error);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** @param {import('../console.js').Console} context @returns {Promise<import('../console.js').View>} */
export async function queuePage(context) {
  const stop = new AbortController();
  const message = messageBox();
  const list = h('ul', { class: 'rows queue', id: 'queue', 'aria-live': 'polite' });
  const empty = h('div', { class: 'card stack empty-state', hidden: true }, h('p', { t: 'console.queue.empty' }), h('p', { class: 'soft small', t: 'console.queue.empty.hint' }));
  /** @type {any[]} */
  let items = [];
  const draw = () => {
    list.replaceChildren(...items.map((session) => row(context, session, message)));
    list.hidden = items.length === 0;
    empty.hidden = items.length > 0;
  };
  const close = () => {
    stop.abort();
    clearInterval(timer);
    unlisten();
  };
  const timer = setInterval(draw, TICK_MS);
  const unlisten = onLanguage(draw);
  follow(
    stop.signal,
    (now) => {
      message.hide();
      items = now;
      draw();
    },
    (error) => error instanceof Unreachable && message.show('app.unreachable'),
  );
  const element = h('div', { class: 'page wide stack' }, head({ title: 'console.place.queue', lead: 'console.queue.lead' }), message.element, empty, list);
  return { element, title: 'console.place.queue', close };
}

/** @param {import('../console.js').Console} context @param {any} waiting @param {import('../lib/dom.js').MessageBox} message */
function row(context, { session_id: id, customer, reference, mode, connected, waiting_since: since, may_pick_up: may }, message) {
  const pick = async () => {
    try {
      context.show(await create(`/v1/sessions/${id}/pick-up`, {}));
    } catch (error) {
      if (!(error instanceof Cancelled)) message.show(...explain(error, hasText));
    }
  };
  const about = [reference?.id, t('console.queue.since', { ago: ago(since) }), connected ? null : t('console.queue.away')].filter(Boolean).join(' · ');
  return h(
    'li',
    { 'data-session': id },
    h('span', { class: 'two' }, customer ? h('strong', {}, customer.name) : h('strong', { t: 'console.customer.unnamed' }), h('span', { class: 'soft small' }, about)),
    chip(`console.mode.${mode}`),
    h(
      'span',
      { class: 'row' },
      may ? button('console.queue.pick', pick, { class: 'primary' }) : h('span', { class: 'soft small', t: 'console.queue.not_for_you' }),
      button('console.queue.refuse', () => refuse(id)),
    ),
  );
}

const REASONS = ['busy', 'closed', 'not_for_us', 'unknown_caller'];

/** The customer reads the reason in their own language, or a sentence of the operator's as it is. @param {string} id */
function refuse(id) {
  const reasons = REASONS.map((value) => ({ value, label: `console.queue.reason.${value}` }));
  return openDialog({ title: 'console.queue.refuse.title' }, (/** @type {(value?: boolean) => void} */ close) => {
    const act = async (/** @type {any} */ { reason, message }) => {
      await call('POST', `/v1/sessions/${id}/refuse`, { json: { reason, ...(message ? { message } : {}) } });
      close(true);
    };
    return [
      form(
        { id: 'refuse', submit: 'console.queue.refuse', danger: true, act, beside: [button('app.cancel', () => close())] },
        choices('reason', 'console.queue.reason', reasons, 'busy', { required: true, class: 'dense' }),
        labelled('console.queue.message', input('message', { maxlength: 200 }), 'console.queue.message.hint'),
      ),
    ];
  });
}

/** On the first page: that somebody waits, and the way there. @param {import('../console.js').Console} context */
export function queueNotice(context) {
  const stop = new AbortController();
  const words = h('strong', {});
  const element = h('p', { class: 'notice info row spread', id: 'queue-notice', role: 'status', hidden: true }, words, link('/console/queue', context.go, h('span', { t: 'console.queue.open' })));
  follow(stop.signal, (items) => {
    bindText(words, items.length === 1 ? 'console.queue.waiting.one' : 'console.queue.waiting', { count: items.length });
    element.hidden = items.length === 0;
  });
  return { element, close: () => stop.abort() };
}
