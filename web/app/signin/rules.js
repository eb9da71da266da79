/** What an organisation asks of passwords, in plain words and before anything is typed; what can be seen is ticked off while typing. */

import { h } from '../lib/dom.js';
import { icon } from '../lib/icons.js';

/**
 * @typedef {{min_length?: number | null, max_length?: number | null, require_symbols?: boolean, max_age_days?: number | null, reuse_last?: number,
 *   refuse_leaked?: boolean, refuse_guessable?: boolean}} Rules
 */

/** Where the organisation has not set another; fewer are taken where a second step is demanded, which the server says. */
const DEFAULT_CHARACTERS = 15;

/**
 * A new password and its repetition, with the rules under them.
 * @param {Rules | undefined} rules
 * @param {boolean} [focus] on the first of them
 * @param {string} [name] of the member in the request
 * @returns {HTMLElement[]}
 */
export function newPassword(rules, focus = true, name = 'new_password') {
  const wanted = { ...rules, min_length: rules?.min_length ?? DEFAULT_CHARACTERS };
  const secret = { type: 'password', required: true, autocomplete: 'new-password', 'data-as': 'secret' };
  const list = rulesOf(wanted);
  const first = h('input', { id: 'new-password', name, minlength: wanted.min_length, 'data-focus': focus, 'aria-describedby': 'password-rules', ...secret });
  const second = h('input', { id: 'repeated', name: 'repeated', ...secret });
  first.addEventListener('input', () => list.check(first.value));
  return [
    h('div', { class: 'field' }, h('label', { for: 'new-password', t: 'console.change.new' }), first, list.element),
    h('div', { class: 'field' }, h('label', { for: 'repeated', t: 'console.change.repeat' }), second),
  ];
}

/** @param {Rules & {min_length: number}} rules */
function rulesOf({ min_length, max_length, require_symbols, reuse_last, refuse_leaked, refuse_guessable, max_age_days }) {
  /** Key, values, and what can be seen while typing. @type {[boolean | undefined, string, import('../lib/i18n.js').Values, ((text: string) => boolean)?][]} */
  const all = [
    [!max_length, 'console.rules.min', { min: min_length }, (text) => [...text].length >= min_length],
    [!!max_length, 'console.rules.between', { min: min_length, max: max_length ?? 0 }, (text) => [...text].length >= min_length && [...text].length <= (max_length ?? 0)],
    [require_symbols, 'console.rules.symbols', {}, (text) => /\p{L}/u.test(text) && /\d/.test(text) && /[^\p{L}\d\s]/u.test(text)],
    [!require_symbols, 'console.rules.words', {}],
    [refuse_leaked, 'console.rules.leaked', {}],
    [refuse_guessable, 'console.rules.guessable', {}],
    [!!reuse_last, 'console.rules.reuse', { count: reuse_last ?? 0 }],
    [!!max_age_days, 'console.rules.age', { days: max_age_days ?? 0 }],
  ];
  const items = all
    .filter(([holds]) => holds)
    .map(([, key, values, test]) => ({ test, element: h('li', {}, icon('check'), h('span', { t: key, values })) }));
  return {
    element: h('ul', { id: 'password-rules', class: 'rules hint' }, ...items.map(({ element }) => element)),
    check(/** @type {string} */ text) {
      for (const { test, element } of items) element.classList.toggle('kept', !!test?.(text));
    },
  };
}
