/** The card over the stage until the screen is there: what happens now, and what the operator is to do. */

import { h } from '../lib/dom.js';
import { bindText } from '../lib/i18n.js';

/** @typedef {import('../../core/session.js').State} State */

/** Phases in which nothing is asked of the operator. */
const WAITING = new Set(['connecting', 'waiting', 'verifying', 'resuming', 'asking', 'busy']);

/**
 * What the operator can decide on the card.
 * @typedef {object} Decisions
 * @property {() => void} again start the viewer anew
 * @property {() => void} confirm the customer says that they accepted
 * @property {() => void} deny they say that they did not
 * @property {() => void} verify with new digits
 */

/** @param {Decisions} decisions */
export function progressCard({ again, confirm, deny, verify }) {
  const title = h('h1', { t: 'viewer.connecting' });
  const hint = h('p', { class: 'soft', t: 'viewer.connecting.hint' });
  const digits = h('p', { class: 'digits', id: 'digits', hidden: true });
  const warning = h('p', { class: 'notice info small', t: 'viewer.digits.warning', hidden: true });
  const doubt = h('p', { class: 'notice warn', t: 'viewer.confirm.warning', hidden: true });
  const pulse = h('span', { class: 'pulse', 'aria-hidden': 'true' });
  const retry = h('button', { type: 'button', class: 'primary', t: 'viewer.use_here', onclick: again, hidden: true });
  const verifyAgain = h('button', { type: 'button', id: 'verify-again', class: 'primary', t: 'viewer.unproved.again', onclick: verify, hidden: true });
  const yes = h('button', { type: 'button', id: 'confirm-customer', class: 'primary', t: 'viewer.confirm.yes', onclick: confirm });
  const no = h('button', { type: 'button', id: 'deny-customer', t: 'viewer.confirm.no', onclick: deny });
  const choices = h('div', { class: 'row', hidden: true }, yes, no, retry, verifyAgain);
  const live = h('div', { 'aria-live': 'polite', class: 'stack' }, h('div', { class: 'row' }, pulse, title), hint, digits, warning, doubt);
  const element = h('section', { class: 'card stack progress' }, live, choices);

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
      doubt.hidden = yes.hidden = no.hidden = phase !== 'confirm';
      retry.hidden = phase !== 'failed';
      verifyAgain.hidden = phase !== 'unproved';
      choices.hidden = yes.hidden && retry.hidden && verifyAgain.hidden;
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
