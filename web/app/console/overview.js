/** A session seen from outside: an administrator's or a colleague's view of one that somebody else runs. */

import { call, create, explain } from '../lib/api.js';
import { h, messageBox } from '../lib/dom.js';
import { confirmDialog, note } from '../lib/dialog.js';
import { when } from '../lib/format.js';
import { hasText } from '../lib/i18n.js';
import { inviteCard } from './invite.js';
import { notesCard } from './notes.js';
import { button, chip, facts, head, section } from './page.js';
import { peopleCard } from './people.js';
import { COLOURS } from './session_list.js';

/** @typedef {import('../console.js').Console} Console */

/** Seconds a request for events may wait. */
const WAIT_SECONDS = 25;
const RETRY_MS = 3_000;

/**
 * @param {Console} context
 * @param {any} session
 * @returns {Promise<import('../console.js').View>}
 */
export async function overview(context, session) {
  const stop = new AbortController();
  const message = messageBox();
  const administers = context.me.operator.role === 'administrator';
  follow(session.id, stop.signal, () => context.again());
  const join = async () => {
    try {
      await create(`/v1/sessions/${session.id}/guests`, { operator_id: context.me.operator.id });
      context.again();
    } catch (error) {
      message.show(...explain(error, hasText));
    }
  };
  const end = async () => {
    const act = () => call('POST', `/v1/sessions/${session.id}/end`, { json: {} });
    const ended = await confirmDialog({ title: 'console.session.force', text: 'console.session.force.text', confirm: 'console.session.force', act });
    if (!ended) return;
    note('console.session.forced');
    context.show(ended);
  };
  const pick = async () => {
    try {
      context.show(await create(`/v1/sessions/${session.id}/pick-up`, {}));
    } catch (error) {
      message.show(...explain(error, hasText));
    }
  };
  const running = session.state !== 'waiting';
  const queued = session.queued && !session.operator && running && context.may('sessions:write');
  const picking = queued ? [button('console.queue.pick', pick, { class: 'primary', id: 'pick-up' })] : [];
  const forcing = administers ? [running && session.operator ? button('console.session.join', join, { id: 'join-session' }) : null, button('console.session.force', end, { class: 'danger', id: 'force-end' })] : [];
  const element = h(
    'div',
    { class: 'page stack' },
    head({
      ...(session.customer ? { text: session.customer.name } : { title: 'console.customer.unnamed' }),
      chip: chip(`console.state.${session.state}`, COLOURS[session.state] ?? ''),
      back: { path: '/console', label: 'console.all_sessions', go: context.go },
      actions: /** @type {Node[]} */ ([...picking, ...forcing].filter(Boolean)),
    }),
    message.element,
    session.state === 'waiting' && !session.code && session.operator?.id === context.me.operator.id
      ? h('p', { class: 'status', role: 'status' }, h('span', { class: 'pulse' }), h('span', { t: 'console.session.calling' }))
      : null,
    section(
      'console.session.about',
      null,
      facts([
        ['console.session.operator', session.operator?.name ?? h('span', { t: 'console.people.nobody' })],
        ['console.mode', h('span', { t: `console.mode.${session.mode}` })],
        ['console.list.reference', session.reference?.id],
        ['console.created', when(session.created_at)],
        ['console.facts.started', session.started_at ? when(session.started_at) : null],
      ]),
    ),
    session.state === 'waiting' && session.code && administers ? inviteCard(session) : null,
    await peopleCard(context, session, false),
    notesCard(context, session, false),
  );
  return { element, title: 'console.live.title', close: () => stop.abort() };
}

/** Tell when something happened. @param {string} id @param {AbortSignal} signal @param {() => void} changed */
async function follow(id, signal, changed) {
  let after = '';
  while (!signal.aborted) {
    try {
      const { items } = await call('GET', `/v1/sessions/${id}/events?wait=${WAIT_SECONDS}${after ? `&after=${after}` : ''}&limit=200`, { signal });
      if (after && items.length && !signal.aborted) return changed();
      after = items.at(-1)?.id ?? after;
    } catch {
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
