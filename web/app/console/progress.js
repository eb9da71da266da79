/** The card over the stage until the screen is there: what happens now, and what the operator is to do. */

import { h } from '../lib/dom.js';
import { bindText } from '../lib/i18n.js';

/** @typedef {import('../../core/session.js').State} State */

/** Phases in which nothing is asked of the operator. */
const WAITING = new Set(['connecting', 'waiting', 'verifying', 'resuming', 'asking', 'busy']);

/**
 * @param {() => void} again starts the viewer anew
 */
export function progressCard(again) {
  const title = h('h1', { t: 'viewer.connecting' });
  const hint = h('p', { class: 'soft', t: 'viewer.connecting.hint' });
  const digits = h('p', { class: 'digits', id: 'digits', hidden: true });
  const warning = h('p', { class: 'notice info small', t: 'viewer.digits.warning', hidden: true });
  const pulse = h('span', { class: 'pulse', 'aria-hidden': 'true' });
  const retry = h('button', { type: 'button', class: 'primary', t: 'viewer.use_here', onclick: again, hidden: true });
  const live = h('div', { 'aria-live': 'polite', class: 'stack' }, h('div', { class: 'row' }, pulse, title), hint, digits, warning);
  const element = h('section', { class: 'card stack progress' }, live, h('div', { class: 'row' }, retry));

  return {
    element,
    /** @param {State} state */
    update({ phase, why, digits: six }) {
      element.hidden = phase === 'live' || phase === 'over';
      if (element.hidden) return;
      const key = phase === 'failed' ? `viewer.failed.${why}` : `viewer.${phase}`;
      bindText(title, key);
      bindText(hint, `${key}.hint`);
      pulse.hidden = !WAITING.has(phase);
      digits.hidden = warning.hidden = phase !== 'digits';
      showDigits(digits, six);
      retry.hidden = phase !== 'failed';
    },
  };
}

/** Two groups of three, read out digit by digit. @param {HTMLElement} element @param {string} six */
function showDigits(element, six) {
  const groups = six ? [six.slice(0, 3), six.slice(3)] : [];
  if (element.textContent === groups.join('')) return;
  element.replaceChildren(...groups.map((group) => h('span', {}, group)));
  element.setAttribute('aria-label', six.split('').join(' '));
}
