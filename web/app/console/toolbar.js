/** The bar above the remote screen: whom one sees, how it stands, and what one can do. */

import { Keysym } from '../../core/keysyms.js';
import { h } from '../lib/dom.js';
import { bindText } from '../lib/i18n.js';
import { clock } from '../lib/format.js';

/** @typedef {import('../../core/session.js').State} State */

/** Combinations that a browser or the operator's own system takes for itself. @type {[string, number[]][]} */
const COMBINATIONS = [
  ['Ctrl + Alt + Del', [Keysym.CONTROL, Keysym.ALT, Keysym.DELETE]],
  ['Alt + Tab', [Keysym.ALT, Keysym.TAB]],
  ['Alt + F4', [Keysym.ALT, Keysym.F4]],
  ['Ctrl + Esc', [Keysym.CONTROL, Keysym.ESCAPE]],
  ['Ctrl + Shift + Esc', [Keysym.CONTROL, Keysym.SHIFT, Keysym.ESCAPE]],
  ['Super', [Keysym.SUPER]],
  ['Print', [Keysym.PRINT]],
];

/**
 * @param {{session: any, viewer: import('../../core/viewer.js').TasukiViewer, chat: HTMLElement, people: HTMLElement, end: () => void, stage: HTMLElement}} options
 */
export function toolbar({ session, viewer, chat, people, end, stage }) {
  const chip = h('span', { class: 'chip', id: 'live-state', t: 'viewer.connecting' });
  const time = h('span', { class: 'soft small elapsed', role: 'timer' });
  const fit = h('button', { type: 'button', t: 'viewer.exact', 'aria-pressed': 'false', onclick: () => toggleFit(viewer, fit) });
  const full = h('button', { type: 'button', t: 'viewer.full', onclick: () => fullScreen(stage.parentElement ?? stage) });
  const keys = menu('viewer.keys', 'keys-menu', (close) => keysPanel(viewer, close));
  const text = menu('viewer.text', 'text-menu', (close) => textPanel(viewer, close));
  const leave = menu('viewer.end', 'end-menu', (close) => endPanel(end, close), 'danger');
  const tools = h('div', { class: 'row tools', hidden: true }, fit, full, keys.element, text.element, chat);
  const about = h('div', { class: 'row about' }, h('img', { src: '/web/app/icon.svg', alt: '' }), who(session), chip, time);
  const element = h('header', { class: 'toolbar' }, about, tools, h('div', { class: 'row' }, people, leave.element));
  let since = 0;
  const clockwork = setInterval(() => {
    if (!element.isConnected && since) clearInterval(clockwork);
    time.textContent = since ? clock(Date.now() - since) : '';
  }, 1_000);

  return {
    element,
    focus: () => tools.querySelector('button')?.focus(),
    /** @param {State} state */
    update(state) {
      const { key, colour } = standing(state);
      bindText(chip, key);
      chip.className = `chip ${colour}`;
      tools.hidden = state.phase !== 'live';
      const control = state.grants.includes('control');
      keys.element.hidden = text.element.hidden = !control;
      if (state.phase === 'live') since ||= Date.parse(session.started_at ?? '') || Date.now();
      if (state.phase === 'over') clearInterval(clockwork);
    },
  };
}

/** @param {any} session */
function who(session) {
  const name = session.customer?.name;
  const reference = session.reference?.id;
  return h(
    'span',
    { class: 'who' },
    name ? h('strong', {}, name) : h('strong', { t: 'console.customer.unnamed' }),
    reference ? h('span', { class: 'soft' }, ` ${reference}`) : null,
  );
}

/** @param {State} state @returns {{key: string, colour: string}} */
function standing({ phase, connected, paused, grants, age, holder }) {
  if (phase === 'over' || phase === 'failed') return { key: 'viewer.state.over', colour: '' };
  if (phase === 'unproved') return { key: 'viewer.state.unproved', colour: 'warn' };
  if (phase === 'confirm') return { key: 'viewer.state.confirm', colour: 'warn' };
  if (phase !== 'live') return { key: 'viewer.state.connecting', colour: 'info' };
  if (!connected || age) return { key: 'viewer.state.behind', colour: 'warn' };
  if (paused) return { key: grants.includes('chat') ? 'viewer.state.chat' : 'viewer.state.paused', colour: 'warn' };
  if (holder === 'host') return { key: 'viewer.state.own_input', colour: 'warn' };
  return { key: grants.includes('control') ? 'viewer.state.control' : 'viewer.state.view', colour: 'good' };
}

/** @param {import('../../core/viewer.js').TasukiViewer} viewer @param {HTMLButtonElement} button */
function toggleFit(viewer, button) {
  viewer.fit = !viewer.fit;
  button.setAttribute('aria-pressed', String(!viewer.fit));
  viewer.focus();
}

/** In full screen the browser can hand over its own shortcuts, where it knows how. @param {HTMLElement} element */
async function fullScreen(element) {
  const { keyboard } = /** @type {any} */ (navigator);
  if (document.fullscreenElement) {
    keyboard?.unlock?.();
    return document.exitFullscreen();
  }
  await element.requestFullscreen();
  return keyboard?.lock?.().catch(() => undefined);
}

/**
 * A button that opens a small panel under itself; Escape or a click elsewhere closes it.
 * @param {string} label key
 * @param {string} id
 * @param {(close: () => void) => HTMLElement} make
 * @param {string} [colour]
 */
function menu(label, id, make, colour = '') {
  const panel = h('div', { id, class: 'panel card', popover: 'auto' });
  const button = h('button', { type: 'button', class: colour, t: label, 'aria-haspopup': 'dialog' });
  const close = () => panel.hidePopover();
  button.addEventListener('click', () => {
    panel.replaceChildren(make(close));
    panel.togglePopover();
    const edge = button.getBoundingClientRect();
    const left = Math.max(8, Math.min(edge.right, innerWidth - 8) - panel.offsetWidth);
    Object.assign(panel.style, { top: `${edge.bottom + 8}px`, left: `${left}px` });
    /** @type {HTMLElement | null} */ (panel.querySelector('textarea, button'))?.focus();
  });
  return { element: h('div', { class: 'menu' }, button, panel) };
}

/** @param {import('../../core/viewer.js').TasukiViewer} viewer @param {() => void} close */
function keysPanel(viewer, close) {
  const press = (/** @type {number[]} */ keysyms) => {
    close();
    viewer.combination(keysyms);
    viewer.focus();
  };
  const buttons = COMBINATIONS.map(([name, keysyms]) => h('button', { type: 'button', onclick: () => press(keysyms) }, name));
  return h('div', { class: 'stack keys' }, ...buttons, h('p', { class: 'soft small', t: 'viewer.keys.hint' }));
}

/** @param {import('../../core/viewer.js').TasukiViewer} viewer @param {() => void} close */
function textPanel(viewer, close) {
  const box = h('textarea', { id: 'text-to-send', rows: 4, 'aria-describedby': 'text-hint' });
  const send = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    close();
    viewer.text(box.value);
    viewer.focus();
  };
  return h(
    'form',
    { class: 'stack', onsubmit: send },
    h('div', { class: 'field' }, h('label', { for: 'text-to-send', t: 'viewer.text.label' }), box, h('p', { id: 'text-hint', class: 'hint', t: 'viewer.text.hint' })),
    h('button', { class: 'primary', t: 'viewer.text.send' }),
  );
}

/** @param {() => void} end @param {() => void} close */
function endPanel(end, close) {
  const confirm = () => {
    close();
    end();
  };
  return h(
    'div',
    { class: 'stack' },
    h('p', { t: 'viewer.end.ask' }),
    h(
      'div',
      { class: 'row' },
      h('button', { type: 'button', class: 'danger', id: 'confirm-end', t: 'viewer.end.confirm', onclick: confirm }),
      h('button', { type: 'button', t: 'app.cancel', onclick: close }),
    ),
  );
}
