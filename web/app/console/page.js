/** What pages have in common: a heading with what one can do there, sections, facts. */

import { Cancelled, explain } from '../lib/api.js';
import { note } from '../lib/dialog.js';
import { h } from '../lib/dom.js';
import { hasText } from '../lib/i18n.js';
import { icon } from '../lib/icons.js';
import { link } from '../lib/list.js';

/**
 * The head of a page.
 * @param {object} options
 * @param {string} [options.title] key
 * @param {string} [options.text] a name that people gave, instead of a key
 * @param {string} [options.lead] key of one sentence
 * @param {Node[]} [options.actions]
 * @param {Node | null} [options.chip]
 * @param {{path: string, label: string, go: (path: string) => void}} [options.back]
 */
export function head({ title, text, lead, actions = [], chip = null, back }) {
  const way = back ? link(back.path, back.go, icon('back'), h('span', { t: back.label })) : null;
  way?.classList.add('back');
  return h(
    'header',
    { class: 'head' },
    way,
    h(
      'div',
      { class: 'row spread' },
      h('div', { class: 'row head-title' }, h('h1', title ? { t: title } : {}, text ?? null), chip),
      actions.length ? h('div', { class: 'row' }, ...actions) : null,
    ),
    lead ? h('p', { class: 'soft', t: lead }) : null,
  );
}

/**
 * A section on a card.
 * @param {string} title key
 * @param {string | null} lead key of one sentence
 * @param {...(Node | null | false)} children
 */
export function section(title, lead, ...children) {
  const id = `section-${title.replaceAll('.', '-')}`;
  return h(
    'section',
    { class: 'card stack', 'aria-labelledby': id },
    h('div', { class: 'section-head' }, h('h2', { id, t: title }), lead ? h('p', { class: 'soft small', t: lead }) : null),
    ...children,
  );
}

/** Names and values; rows without a value are left out. @param {[string, Node | string | null | undefined][]} rows */
export function facts(rows) {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return h('dl', { class: 'facts' }, ...shown.flatMap(([key, value]) => [h('dt', { t: key }), h('dd', {}, /** @type {Node | string} */ (value))]));
}

/** A button; what goes wrong behind it is said in passing. @param {string} label key @param {() => unknown} act @param {Record<string, any>} [more] */
export function button(label, act, more = {}) {
  const press = async () => {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Cancelled)) note(...explain(error, hasText));
    }
  };
  return h('button', { type: 'button', t: label, onclick: press, ...more });
}

/** A small coloured word. @param {string} key @param {string} [colour] @param {Record<string, any>} [more] */
export function chip(key, colour = '', more = {}) {
  return h('span', { class: `chip ${colour}`, t: key, ...more });
}

/** A page for whoever lacks the right to see it. */
export function notYours() {
  return h('p', { class: 'notice warn', role: 'alert', t: 'problem.forbidden' });
}
