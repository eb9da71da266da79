/** Written messages beside the screen: a button with the number of unread ones, and a panel that stays open. */

import { WireError } from '../../core/errors.js';
import { h } from './dom.js';
import { bindText, t } from './i18n.js';

/** @typedef {import('../../core/viewer.js').TasukiViewer} Viewer */
/** @typedef {import('../../core/state.js').State} State */
/** @typedef {import('../../core/chat.js').Line} Line */

/**
 * @param {Viewer} viewer
 * @param {() => string} other the name of whoever the host has no name for: the person at the other end
 */
export function chatPanel(viewer, other) {
  const count = h('span', { class: 'badge', hidden: true });
  const button = h('button', { type: 'button', id: 'chat-button', 'aria-expanded': 'false', 'aria-controls': 'chat-panel', onclick: () => toggle() }, h('span', { t: 'chat.title' }), count);
  const log = h('div', { class: 'chat-log', role: 'log', 'aria-live': 'polite', tAttr: { 'aria-label': 'chat.title' } });
  const problem = h('p', { class: 'notice bad small', role: 'alert', hidden: true });
  const box = h('textarea', { id: 'chat-text', rows: 2, maxlength: 4_000, tAttr: { 'aria-label': 'chat.write' } });
  const send = h('button', { class: 'primary', t: 'chat.send' });
  const form = h('form', { class: 'chat-form', onsubmit: (/** @type {SubmitEvent} */ event) => submit(event) }, box, send);
  const close = h('button', { type: 'button', t: 'chat.close', onclick: () => toggle(false) });
  const panel = h('aside', { id: 'chat-panel', class: 'chat card', hidden: true }, h('header', { class: 'row' }, h('h2', { t: 'chat.title' }), close), log, problem, form);
  let unread = 0;

  /** @param {boolean} [open] */
  function toggle(open = panel.hidden) {
    panel.hidden = !open;
    button.setAttribute('aria-expanded', String(open));
    if (!open) return viewer.focus();
    unread = 0;
    count.hidden = true;
    return box.focus();
  }

  /** @param {SubmitEvent} event */
  function submit(event) {
    event.preventDefault();
    problem.hidden = true;
    try {
      if (viewer.say(box.value)) box.value = '';
      else complain('chat.not_now');
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      complain(error.slug === 'too-large' ? 'chat.too_long' : 'chat.empty');
    }
  }

  /** @param {string} key */
  function complain(key) {
    bindText(problem, key);
    problem.hidden = false;
  }

  /** @param {Line} line @param {boolean} mine */
  function add(line, mine) {
    const who = mine ? t('chat.me') : line.name || other();
    log.append(h('div', { class: mine ? 'said mine' : 'said' }, h('span', { class: 'small soft' }, who), h('p', {}, line.text)));
    log.scrollTop = log.scrollHeight;
    if (mine || !panel.hidden) return;
    unread += 1;
    count.textContent = String(unread);
    count.hidden = false;
  }

  box.addEventListener('keydown', (event) => {
    event.stopPropagation();
    if (event.key === 'Escape') toggle(false);
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  viewer.addEventListener('tasuki-chat', (event) => {
    const { line, mine } = /** @type {CustomEvent} */ (event).detail;
    add(line, mine);
  });
  viewer.addEventListener('tasuki-unsaid', (event) => {
    complain('chat.not_said');
    box.value ||= /** @type {CustomEvent} */ (event).detail.line.text;
  });

  return {
    button,
    panel,
    /** @param {State} state */
    update({ phase, grants }) {
      const may = phase === 'live' && grants.includes('chat');
      box.disabled = send.disabled = !may;
      button.hidden = phase !== 'live' || (!may && !log.childElementCount);
    },
  };
}
