/** The first view: one big button for a new session, and the sessions there were. */

import { ApiError, call, explain } from '../lib/api.js';
import { field, h, messageBox } from '../lib/dom.js';
import { when } from '../lib/format.js';
import { hasText, onLanguage } from '../lib/i18n.js';
import { makeLinkSecret } from './link.js';

const MODES = ['control', 'view'];
const PAGE = 10;
/** How often the list is read again (ms) while it is looked at. */
const REFRESH_MS = 15_000;

/** Chip colour by state. @type {Record<string, string>} */
const COLOURS = { waiting: 'info', claimed: 'warn', active: 'good', paused: 'good', interrupted: 'warn' };

/** @param {import('../console.js').Console} context @returns {Promise<import('../console.js').View>} */
export async function home(context) {
  const list = sessionList(context);
  await list.read();
  const timer = setInterval(() => document.hidden || list.reread(), REFRESH_MS);
  const unlisten = onLanguage(() => list.reread());
  const element = h('div', { class: 'page stack home' }, newSession(context), list.element);
  const close = () => {
    clearInterval(timer);
    unlisten();
  };
  return { element, title: 'console.title', close };
}

/** @param {import('../console.js').Console} context */
function newSession(context) {
  const message = messageBox();
  const button = h('button', { class: 'primary big', id: 'new-session', t: 'console.new.button' });
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    button.disabled = true;
    message.hide();
    try {
      const headers = { 'Idempotency-Key': crypto.randomUUID() };
      const session = await call('POST', '/v1/sessions', { json: bodyOf(form), headers });
      makeLinkSecret(session.id);
      context.show(session);
    } catch (error) {
      message.show(...explain(error, hasText));
      button.disabled = false;
    }
  };
  return h(
    'form',
    { class: 'card stack new-session', onsubmit: submit },
    button,
    modeChoice(context.me.operator.modes),
    h(
      'details',
      {},
      h('summary', { t: 'console.new.details' }),
      h(
        'div',
        { class: 'pair' },
        field({ name: 'customer', label: 'console.new.customer', maxlength: 100, autocomplete: 'off' }),
        field({ name: 'reference', label: 'console.new.reference', maxlength: 100, autocomplete: 'off' }),
      ),
    ),
    message.element,
  );
}

/** @param {FormData} form */
function bodyOf(form) {
  const text = (/** @type {string} */ name) => String(form.get(name) ?? '').trim();
  return {
    mode: text('mode'),
    ...(text('customer') ? { customer: { name: text('customer') } } : {}),
    ...(text('reference') ? { reference: { system: 'console', id: text('reference') } } : {}),
  };
}

/** @param {string[]} allowed modes of the operator */
function modeChoice(allowed) {
  const modes = MODES.filter((mode) => allowed.includes(mode));
  const options = modes.map((mode, n) =>
    h(
      'label',
      { class: 'choice' },
      h('input', { type: 'radio', name: 'mode', value: mode, checked: n === 0, required: true }),
      h(
        'span',
        {},
        h('span', { class: 'choice-name', t: `console.mode.${mode}` }),
        h('span', { class: 'soft small', t: `console.mode.${mode}.hint` }),
      ),
    ),
  );
  if (!modes.length) return h('p', { class: 'notice warn', t: 'console.mode.none' });
  return h('fieldset', { class: 'choices' }, h('legend', { class: 'visually-hidden', t: 'console.mode' }), ...options);
}

/** @param {import('../console.js').Console} context */
function sessionList(context) {
  const items = h('ul', { class: 'sessions' });
  const empty = h('p', { class: 'soft', t: 'console.list.empty', hidden: true });
  const message = messageBox();
  const more = h('button', { type: 'button', class: 'plain', t: 'console.list.more', hidden: true, onclick: () => read() });
  let cursor = '';
  const read = async () => {
    try {
      const page = await call('GET', `/v1/sessions?limit=${PAGE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
      items.append(...page.items.map((/** @type {any} */ session) => row(context, session)));
      cursor = page.next_cursor ?? '';
      more.hidden = !cursor;
      empty.hidden = items.childElementCount > 0;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) throw error;
      message.show(...explain(error, hasText));
    }
  };
  const reread = async () => {
    const page = await call('GET', `/v1/sessions?limit=${Math.max(PAGE, items.childElementCount)}`).catch(() => null);
    if (!page || items.contains(document.activeElement)) return;
    items.replaceChildren(...page.items.map((/** @type {any} */ session) => row(context, session)));
  };
  const heading = h('h2', { id: 'sessions-heading', t: 'console.list.title' });
  const element = h('section', { class: 'stack', 'aria-labelledby': 'sessions-heading' }, heading, message.element, empty, items, more);
  return { element, read, reread };
}

/** @param {import('../console.js').Console} context @param {any} session */
function row(context, session) {
  const path = `/console/sessions/${session.id}`;
  const open = (/** @type {MouseEvent} */ event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    context.go(path);
  };
  const name = session.customer?.name;
  const reference = session.reference?.id;
  return h(
    'li',
    {},
    h(
      'a',
      { class: 'session', href: path, onclick: open },
      h(
        'span',
        { class: 'session-who' },
        name ? h('strong', {}, name) : h('strong', { t: 'console.customer.unnamed' }),
        reference ? h('span', { class: 'soft small' }, reference) : null,
      ),
      h('span', { class: 'soft small' }, when(session.created_at)),
      h('span', { class: `chip ${COLOURS[session.state] ?? ''}`, t: `console.state.${session.state}` }),
    ),
  );
}
