/** Waiting for the customer: the code to read out, the link to send, the time left. */

import { call, explain } from '../lib/api.js';
import { copy, h, messageBox } from '../lib/dom.js';
import { clock, groupCode, when } from '../lib/format.js';
import { hasText } from '../lib/i18n.js';
import { inviteCard } from './invite.js';
import { linkOf, linkSecret } from './link.js';
import { notesCard } from './notes.js';
import { peopleCard } from './people.js';

/** Seconds a request for events may wait. */
const WAIT_SECONDS = 25;
/** Pause (ms) before asking again when the server cannot be reached. */
const RETRY_MS = 2_000;

/**
 * @param {import('../console.js').Console} context
 * @param {any} session
 * @returns {Promise<import('../console.js').View>}
 */
export async function waitingView(context, session) {
  const stop = new AbortController();
  const message = messageBox();
  const left = h('span', { class: 'countdown', role: 'timer' });
  const count = () => {
    left.textContent = clock(Date.parse(session.code_expires_at) - Date.now());
  };
  count();
  const timer = setInterval(count, 250);
  follow(session.id, stop.signal, context.show);
  const end = async () => {
    try {
      context.show(await call('POST', `/v1/sessions/${session.id}/end`, { json: {} }));
    } catch (error) {
      message.show(...explain(error, hasText));
    }
  };
  const element = h(
    'div',
    { class: 'page stack waiting' },
    h('div', { class: 'row spread' }, who(session), h('span', { class: 'chip info', t: `console.mode.${session.mode}` })),
    codeCard(session, left),
    linkCard(session),
    h('p', { class: 'status', role: 'status' }, h('span', { class: 'pulse' }), h('span', { t: session.queued ? 'console.waiting.status.queue' : 'console.waiting.status' })),
    message.element,
    h('div', { class: 'row' }, h('button', { type: 'button', id: 'cancel-session', t: 'console.waiting.cancel', onclick: end })),
    inviteCard(session),
    session.operator ? await peopleCard(context, session, false) : null,
    notesCard(context, session, false),
  );
  const close = () => {
    stop.abort();
    clearInterval(timer);
  };
  return { element, title: 'console.waiting.title', close };
}

/** @param {any} session */
function who(session) {
  const name = session.customer?.name;
  const parts = [name, session.reference?.id].filter(Boolean).join(' · ');
  return h('h1', name ? {} : { t: 'console.waiting.title' }, parts || null);
}

/** @param {any} session @param {HTMLElement} left */
function codeCard(session, left) {
  const spoken = session.code.split('').join(' ');
  return h(
    'section',
    { class: 'card stack code-card' },
    h('p', { class: 'lead', t: 'console.waiting.read_out' }),
    h('p', { class: 'code', id: 'session-code', 'aria-label': spoken }, ...groups(session.code)),
    appointment(session) ?? h('p', { class: 'soft' }, h('span', { t: 'console.waiting.left' }), ' ', left),
    h('p', { class: 'soft small', t: 'console.waiting.how', values: { command: `tasuki join ${session.code}`, address: `${location.host}/join` } }),
  );
}

/** For a code that works only later: when. @param {{starts_at?: string | null, code_expires_at: string}} session */
function appointment({ starts_at: from, code_expires_at: until }) {
  if (!from || Date.parse(from) < Date.now()) return null;
  return h('p', { class: 'soft', t: 'console.waiting.appointment', values: { from: when(from), until: when(until) } });
}

/** @param {string} code */
function groups(code) {
  return groupCode(code)
    .split(' ')
    .map((group) => h('span', {}, group));
}

/** @param {any} session */
function linkCard(session) {
  const link = linkOf(session);
  const button = h('button', { type: 'button', id: 'copy-link', t: 'console.waiting.copy_link' });
  button.addEventListener('click', () => copy(link, button, 'console.waiting.copy_link'));
  const hint = linkSecret(session.id) ? 'console.waiting.link_secret' : 'console.waiting.link_plain';
  return h(
    'section',
    { class: 'card stack link-card' },
    h('h2', { t: 'console.waiting.or_link' }),
    h('div', { class: 'command' }, h('code', { id: 'join-link' }, link), button),
    h('p', { class: 'soft small', t: hint }),
  );
}

/**
 * Follow the session's events until it is not waiting any more.
 * @param {string} id
 * @param {AbortSignal} signal
 * @param {(session: any) => void} changed
 */
async function follow(id, signal, changed) {
  let after = '';
  while (!signal.aborted) {
    try {
      const query = `wait=${WAIT_SECONDS}${after ? `&after=${after}` : ''}`;
      const { items } = await call('GET', `/v1/sessions/${id}/events?${query}`, { signal });
      after = items.at(-1)?.id ?? after;
      const session = items.length ? await call('GET', `/v1/sessions/${id}`, { signal }) : null;
      if (session && session.state !== 'waiting' && !signal.aborted) return changed(session);
    } catch {
      // Away or busy: the code stays good, so keep asking.
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
