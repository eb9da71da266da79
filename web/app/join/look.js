/**
 * The customer looks at the operator's screen, in this page (modes `share` and `present`): they type the digits they hear,
 * decide, and only then anything is shown. Nothing of their own computer leaves it but what they write or press here.
 */

import '../../core/viewer.js';
import { fromBase64 } from '../../core/bytes.js';
import { resumeStore } from '../../core/resume_store.js';
import { Refused, SessionEnded } from '../../core/tickets.js';
import { ApiError, Unreachable, callPublic, explain } from '../lib/api.js';
import { chatPanel } from '../lib/chat.js';
import { field, h, messageBox, topBar } from '../lib/dom.js';
import { bindText, hasText, t } from '../lib/i18n.js';
import { fetchReceipt, receiptLinks } from '../lib/receipt.js';

/** @typedef {import('../../core/viewer.js').TasukiViewer} Viewer */
/** @typedef {import('../../core/state.js').State} State */
/** @typedef {import('../../core/tickets.js').Grant} Grant */

export const LOOKING = new Set(['share', 'present']);
const STORE = 'tasuki-look';
const LINK_BYTES = 16;
/** Phases in which nothing is asked. */
const UNDER_WAY = new Set(['connecting', 'waiting', 'verifying', 'resuming', 'asking', 'busy']);

/** What a reload left: this code's seat, in this tab alone. @param {string} code @returns {{session: any, grant: Grant} | null} */
export function leftOff(code) {
  try {
    const left = JSON.parse(sessionStorage.getItem(STORE) ?? 'null');
    return left?.code === code ? left : null;
  } catch {
    return null;
  }
}

/** The button that starts it. @param {() => void} start */
export function lookCard(start) {
  return h(
    'section',
    { class: 'card stack' },
    h('h2', { t: 'join.look.title' }),
    h('p', { t: location.hash.startsWith('#k=') ? 'join.look.link' : 'join.look.digits' }),
    h('div', { class: 'row' }, h('button', { type: 'button', class: 'primary', id: 'look', t: 'join.look.start', onclick: start })),
  );
}

/**
 * Take the seat (or go on in it) and show what happens.
 * @param {HTMLElement} root
 * @param {any} session as previewed
 * @param {{code: string, grant?: Grant}} options
 */
export async function lookOn(root, session, { code, grant }) {
  const viewer = /** @type {Viewer} */ (document.createElement('tasuki-viewer'));
  const values = { operator: session.operator.name, organisation: session.organisation.name };
  const message = messageBox();
  const sign = h('p', { id: 'look-sign', role: 'status' });
  const stop = h('button', { type: 'button', class: 'danger', id: 'look-stop', t: 'join.look.stop', onclick: () => viewer.stop() });
  const chat = chatPanel(viewer, () => values.operator);
  const card = h('section', { class: 'card stack', 'aria-live': 'polite' });
  const receipt = h('section', { class: 'card stack', id: 'receipt', 'aria-live': 'polite', hidden: true });
  const veil = h('div', { class: 'veil' }, h('main', { class: 'page stack join' }, message.element, card, receipt));
  const bar = h('header', { class: 'looked' }, sign, chat.button, stop);
  root.replaceChildren(h('div', { class: 'looking' }, h('div', {}, topBar('/join'), bar), h('div', { class: 'stage' }, viewer, veil, chat.panel)));
  viewer.label = t('join.look.label');

  let shown = '';
  let agreed = grant !== undefined;
  const update = (/** @type {State} */ state) => {
    const live = state.phase === 'live';
    bar.hidden = !live;
    veil.hidden = live;
    chat.update(state);
    bindText(sign, standing(state), values);
    const now = `${state.phase}/${state.attempt}/${state.by}/${state.reason}`;
    if (now !== shown && !live) ask(state);
    shown = now;
    agreed ||= live;
    if (state.phase === 'over') {
      if (agreed && receipt.hidden) offerReceipt(receipt, leftOff(code)?.grant.resume_ticket);
      sessionStorage.removeItem(STORE);
    }
  };
  const ask = (/** @type {State} */ state) => {
    if (state.phase === 'compare') return card.replaceChildren(...digitsForm(viewer, state.attempt));
    if (state.phase === 'decide') return card.replaceChildren(...decision(viewer, session, values));
    if (state.phase === 'over') return card.replaceChildren(...over(state));
    const key = UNDER_WAY.has(state.phase) ? 'join.look.wait' : 'join.look.failed';
    return card.replaceChildren(h('h1', { t: key, values }), h('p', { class: 'soft', t: `${key}.hint`, values }));
  };
  viewer.addEventListener('tasuki-state', (event) => update(/** @type {CustomEvent} */ (event).detail));
  bar.hidden = true;
  card.replaceChildren(h('h1', { t: 'join.look.wait', values }));
  try {
    const seat = grant ?? (await claim(code));
    keep(code, session, seat);
    await viewer.open({
      grant: seat,
      source: source(code, session, seat),
      store: resumeStore(seat.session_id),
      link: linkSecret(),
      customer: true,
      resumed: grant !== undefined,
    });
  } catch (error) {
    message.show(...explain(error, hasText));
  }
}

/** @param {string} code @returns {Promise<Grant>} */
function claim(code) {
  return callPublic('POST', '/v1/join', { json: { code }, headers: { 'Idempotency-Key': crypto.randomUUID() } });
}

/** @param {string} code @param {any} session @param {Grant} grant */
function keep(code, session, grant) {
  sessionStorage.setItem(STORE, JSON.stringify({ code, session, grant }));
}

/**
 * @param {string} code
 * @param {any} session
 * @param {Grant} grant
 * @returns {import('../../core/tickets.js').TicketSource}
 */
function source(code, session, grant) {
  return {
    ticket: () => Promise.reject(new Refused('this seat cannot be taken anew')),
    resume: async (ticket) => {
      try {
        const next = await callPublic('POST', '/v1/resume', { headers: { Authorization: `Bearer ${ticket}` } });
        keep(code, session, { ...grant, resume_ticket: next.resume_ticket });
        return next;
      } catch (error) {
        if (error instanceof ApiError && error.status === 410) {
          throw new SessionEnded(String(error.problem.ended_by ?? 'system'), String(error.problem.reason ?? 'ended'));
        }
        if (error instanceof ApiError && error.status < 500) throw new Refused(error.message);
        throw error instanceof ApiError ? new Unreachable() : error;
      }
    },
  };
}

/** The secret of the link in the address. @returns {Uint8Array | undefined} */
function linkSecret() {
  const text = new URLSearchParams(location.hash.slice(1)).get('k');
  if (!text) return undefined;
  const secret = fromBase64(text.replaceAll('-', '+').replaceAll('_', '/').padEnd(Math.ceil(text.length / 4) * 4, '='));
  return secret.length === LINK_BYTES ? secret : undefined;
}

/** @param {Viewer} viewer @param {number} attempt */
function digitsForm(viewer, attempt) {
  const message = messageBox();
  if (attempt > 1) message.show('join.look.wrong');
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const typed = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('digits'));
    const digits = typed.normalize('NFKC').replace(/[\s-]/g, '');
    if (!/^\d{6}$/.test(digits)) return message.show('join.look.malformed');
    return viewer.compare(digits);
  };
  const form = h(
    'form',
    { class: 'stack', onsubmit: submit },
    field({ name: 'digits', label: 'join.look.digits.label', inputmode: 'numeric', autocomplete: 'off', maxlength: 12, required: true, class: 'code-input' }),
    message.element,
    h('div', { class: 'row' }, h('button', { class: 'primary', t: 'join.look.digits.submit' }), h('button', { type: 'button', t: 'join.look.cancel', onclick: () => viewer.stop() })),
  );
  return [h('h1', { t: 'join.look.digits.title' }), h('p', { t: 'join.look.digits.hint' }), form];
}

/** @param {Viewer} viewer @param {any} session @param {Record<string, string>} values */
function decision(viewer, session, values) {
  return [
    h('h1', { t: 'join.look.ask', values }),
    h('p', { t: `join.mode.${session.mode}` }),
    h('p', { class: 'notice warn', t: 'join.look.warning' }),
    h(
      'div',
      { class: 'row' },
      h('button', { type: 'button', class: 'primary', id: 'look-yes', t: 'join.look.yes', onclick: () => viewer.decide(true) }),
      h('button', { type: 'button', id: 'look-no', t: 'join.look.no', onclick: () => viewer.decide(false) }),
    ),
  ];
}

/**
 * The receipt, by the ticket of this seat: for a quarter of an hour.
 * @param {HTMLElement} place
 * @param {string | undefined} ticket
 */
function offerReceipt(place, ticket) {
  if (!ticket) return;
  const get = (/** @type {string} */ query) =>
    callPublic('GET', `/v1/receipt?${query}`, { headers: { Authorization: `Bearer ${ticket}` }, as: 'text' });
  const show = (/** @type {HTMLElement[]} */ ...children) => place.replaceChildren(h('h2', { t: 'join.receipt.title' }), ...children);
  place.hidden = false;
  show(h('p', { class: 'soft', t: 'join.receipt.wait' }));
  void fetchReceipt(get).then(
    (made) => show(h('p', { t: 'join.receipt.hint' }), receiptLinks(made, { open: 'join.receipt.open', page: 'join.receipt.save' })),
    () => show(h('p', { class: 'soft', t: 'join.receipt.none' })),
  );
}

/** @param {State} state */
function over({ by, reason }) {
  const known = `join.look.over.${by}.${reason}`;
  return [h('h1', { t: 'join.look.over' }), h('p', { t: hasText(known) ? known : 'join.look.over.hint' })];
}

/** How it stands, in one sentence. @param {State} state */
function standing({ connected, present, paused, grants, holder }) {
  if (!connected || !present) return 'join.look.away';
  if (paused) return grants.includes('chat') ? 'join.look.chat_only' : 'join.look.paused';
  if (grants.includes('control')) return holder === 'host' ? 'join.look.own_input' : 'join.look.control';
  return 'join.look.sign';
}
