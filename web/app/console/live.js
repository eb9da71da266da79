/** The customer is there: digits, consent, then the screen with its toolbar. */

import '../../core/viewer.js';
import { resumeStore } from '../../core/resume_store.js';
import { Refused, SessionEnded } from '../../core/tickets.js';
import { ApiError, Unreachable, call, callPublic, explain } from '../lib/api.js';
import { chatPanel } from '../lib/chat.js';
import { h, messageBox } from '../lib/dom.js';
import { hasText, onLanguage, t } from '../lib/i18n.js';
import { isOwnLink, linkSecret } from './link.js';
import { progressCard } from './progress.js';
import { sessionButton } from './session_dialog.js';
import { toolbar } from './toolbar.js';

/** @typedef {import('../../core/session.js').State} State */
/** @typedef {import('../../core/viewer.js').TasukiViewer} Viewer */

/** How long (ms) the farewell may take before the page goes on without it. */
const FAREWELL_MS = 3_000;
/** Pause (ms) before asking for a ticket again. */
const RETRY_MS = 2_000;
/** Why a session is over when the customer did not say what the other end of the connection said. */
const DENIED = 'verification_failed';

/**
 * Where the viewer's tickets come from.
 * @param {string} id of the session
 * @returns {import('../../core/tickets.js').TicketSource}
 */
function ticketSource(id) {
  return {
    ticket: () => told(id, () => call('POST', `/v1/sessions/${id}/ticket`)),
    keys: () => callPublic('GET', '/.well-known/jwks.json'),
    resume: (ticket) =>
      told(id, () => callPublic('POST', '/v1/resume', { headers: { Authorization: `Bearer ${ticket}` } })),
  };
}

/** @template T @param {string} id @param {() => Promise<T>} ask @returns {Promise<T>} */
async function told(id, ask) {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.slug === 'session-ended') throw await ending(id, error);
    if (error.status === 403 || error.status === 404) throw new Refused(error.message);
    throw error;
  }
}

/** @param {string} id @param {ApiError} error */
async function ending(id, { problem }) {
  const known = problem.ended_by ? problem : await call('GET', `/v1/sessions/${id}`).catch(() => ({}));
  return new SessionEnded(String(known.ended_by ?? 'system'), String(known.reason ?? 'ended'));
}

/**
 * @param {import('../console.js').Console} context
 * @param {any} session
 * @returns {Promise<import('../console.js').View>}
 */
export async function liveView(context, session) {
  const viewer = /** @type {Viewer} */ (document.createElement('tasuki-viewer'));
  const message = messageBox();
  const card = progressCard({
    again: () => context.show(session),
    confirm: () => viewer.confirm(),
    deny: () => end(DENIED),
    verify: () => viewer.verifyAgain(),
  });
  const banner = h('p', { class: 'banner notice warn', role: 'status', hidden: true });
  const stage = h('div', { class: 'stage' }, viewer, h('div', { class: 'veil' }, card.element), banner);
  let ending = false;

  const finish = async (/** @type {string} */ by, /** @type {string} */ reason) => {
    const told = await call('GET', `/v1/sessions/${session.id}`).catch(() => session);
    const over = told.state === 'ended' ? told : { ...told, state: 'ended', ended_by: by, reason, ended_at: new Date().toISOString() };
    context.show(over);
  };
  const end = async (reason = 'ended') => {
    if (ending) return;
    ending = true;
    viewer.end(reason);
    try {
      await call('POST', `/v1/sessions/${session.id}/end`, { json: reason === 'ended' ? {} : { reason } });
    } catch (error) {
      if (error instanceof Unreachable) message.show('app.unreachable');
      else if (!(error instanceof ApiError && error.slug === 'session-ended')) message.show(...explain(error, hasText));
    }
    setTimeout(() => viewer.state?.phase !== 'over' && finish('operator', reason), FAREWELL_MS);
  };

  const chat = chatPanel(viewer, () => session.customer?.name ?? t('chat.customer'));
  stage.append(chat.panel);
  const bar = toolbar({ session, viewer, chat: chat.button, people: sessionButton(context, session), end: () => end(), stage });
  const update = (/** @type {State} */ state) => {
    card.update(state);
    bar.update(state);
    chat.update(state);
    showBanner(banner, state);
    stage.classList.toggle('live', state.phase === 'live');
    if (state.phase === 'over') finish(state.by, state.reason);
  };
  viewer.addEventListener('tasuki-state', (event) => update(/** @type {CustomEvent} */ (event).detail));
  viewer.addEventListener('tasuki-narrowed', (event) => narrowed(message, /** @type {CustomEvent} */ (event).detail));
  viewer.addEventListener('tasuki-refused', () => banner.classList.add('asked'));
  viewer.addEventListener('tasuki-leave', () => bar.focus());
  viewer.addEventListener('tasuki-broken', () => message.show('viewer.broken'));
  const label = () => {
    viewer.label = t('viewer.label');
  };
  const unlisten = onLanguage(label);
  label();

  connect(viewer, session, finish, message);
  const element = h('div', { class: 'live-view' }, bar.element, message.element, stage);
  const close = () => {
    unlisten();
    viewer.close();
  };
  return { element, title: 'console.live.title', bare: true, close };
}

/**
 * @param {Viewer} viewer
 * @param {any} session
 * @param {(by: string, reason: string) => void} finish
 * @param {import('../lib/dom.js').MessageBox} message
 */
async function connect(viewer, session, finish, message) {
  const source = ticketSource(session.id);
  try {
    const grant = await source.ticket();
    message.hide();
    await viewer.open({ grant, source, store: resumeStore(session.id), link: linkSecret(session.id), ownLink: isOwnLink(session.id) });
  } catch (error) {
    if (error instanceof SessionEnded) return finish(error.by, error.reason);
    message.show(...explain(error, hasText));
    if (passing(error)) setTimeout(() => viewer.isConnected && connect(viewer, session, finish, message), RETRY_MS);
  }
}

/**
 * Policy took something away while the session runs.
 * @param {import('../lib/dom.js').MessageBox} message
 * @param {{taken: string[], seconds: number | null}} what
 */
function narrowed(message, { taken, seconds }) {
  const names = taken.map((feature) => t(`host.grant.${feature}`)).join(', ');
  if (taken.length) message.show('viewer.policy.taken', { names });
  else if (seconds !== null) message.show('viewer.policy.shorter', { minutes: Math.ceil(seconds / 60) });
}

/** Whether an error may be gone in a moment: the api or every relay is away. @param {unknown} error */
function passing(error) {
  return error instanceof Unreachable || (error instanceof ApiError && (error.status >= 500 || error.status === 429));
}

/** What is wrong with the picture at the moment, if anything. @param {HTMLElement} banner @param {State} state */
function showBanner(banner, { phase, connected, present, paused, age, grants, holder }) {
  const seconds = Math.round(age / 1000);
  let text = '';
  if (phase === 'live') {
    if (!connected) text = t('viewer.reconnecting');
    else if (paused) text = t(grants.includes('chat') ? 'viewer.chat_only' : 'viewer.paused');
    else if (!present) text = t('viewer.away');
    else if (holder === 'host') text = t('viewer.own_input');
    else if (seconds) text = t('viewer.stale', { seconds });
  }
  banner.textContent = text;
  banner.hidden = !text;
  if (!text) banner.classList.remove('asked');
}
