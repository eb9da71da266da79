/** What an organisation asks of passwords, in plain words and before anything is typed; what can be seen is ticked off while typing. */

import { h } from '../lib/dom.js';
import { icon } from '../lib/icons.js';

/**
 * @typedef {{min_length?: number | null, max_length?: number | null, require_symbols?: boolean, max_age_days?: number | null, reuse_last?: number,
 *   refuse_leaked?: boolean, refuse_guessable?: boolean}} Rules
 */

/**
 * A new password and its repetition, with the rules under them.
 * @param {Rules | null} rules null where the organisation is not known yet: then only what always helps is said
 * @param {boolean} [focus] on the first of them
 * @param {string} [name] of the member in the request
 * @returns {HTMLElement[]}
 */
export function newPassword(rules, focus = true, name = 'new_password') {
  const secret = { type: 'password', required: true, autocomplete: 'new-password', 'data-as': 'secret' };
  const list = rulesOf(rules);
  const first = h('input', { id: 'new-password', name, minlength: rules?.min_length, 'data-focus': focus, 'aria-describedby': 'password-rules', ...secret });
  const second = h('input', { id: 'repeated', name: 'repeated', ...secret });
  first.addEventListener('input', () => list.check(first.value));
  return [
    h('div', { class: 'field' }, h('label', { for: 'new-password', t: 'console.change.new' }), first, list.element),
    h('div', { class: 'field' }, h('label', { for: 'repeated', t: 'console.change.repeat' }), second),
  ];
}

/** @param {Rules | null} rules */
function rulesOf(rules) {
  const { min_length: min = 0, max_length: max, require_symbols, reuse_last, refuse_leaked, refuse_guessable, max_age_days } = rules ?? {};
  const long = (/** @type {string} */ text) => [...text].length >= (min ?? 0) && [...text].length <= (max ?? Infinity);
  /** Key, values, and what can be seen while typing. @type {[boolean | undefined, string, import('../lib/i18n.js').Values, ((text: string) => boolean)?][]} */
  const all = [
    [!!min && !max, 'console.rules.min', { min: min ?? 0 }, long],
    [!!max, 'console.rules.between', { min: min ?? 0, max: max ?? 0 }, long],
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
