/** Filters above a list: what they say becomes the query; typing waits a moment before it asks. */

import { h } from '../lib/dom.js';
import { select } from '../lib/form.js';

/** @typedef {{name: string, kind: 'search' | 'choice' | 'time', label: string, options?: {value: string, label?: string, text?: string}[], value?: string}} Filter */

/** Pause (ms) after the last key. */
const PAUSE_MS = 250;

/**
 * @param {Filter[]} filters
 * @param {() => void} changed
 */
export function filterBar(filters, changed) {
  let timer = 0;
  const controls = filters.map((filter) => ({ name: filter.name, kind: filter.kind, control: control(filter) }));
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(changed, PAUSE_MS);
  };
  for (const { kind, control } of controls) control.addEventListener(kind === 'search' ? 'input' : 'change', later);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    clearTimeout(timer);
    changed();
  };
  const boxes = controls.map(({ control }, n) => h('label', { class: 'filter' }, h('span', { class: 'small soft', t: filters[n].label }), control));
  return {
    element: h('form', { class: 'filters', role: 'search', onsubmit: submit }, ...boxes),
    /** As the end of a path; `also` are members that are not typed. @param {Record<string, string>} [also] */
    query(also = {}) {
      const said = controls.map(({ name, kind, control }) => [name, kind === 'time' && control.value ? new Date(control.value).toISOString() : control.value.trim()]);
      const query = new URLSearchParams([...said, ...Object.entries(also)].filter(([, value]) => value));
      return query.size ? `?${query}` : '';
    },
  };
}

/** @param {Filter} filter @returns {HTMLInputElement | HTMLSelectElement} */
function control({ name, kind, options = [], value = '' }) {
  if (kind === 'choice') return /** @type {HTMLSelectElement} */ (select(name, [{ value: '', label: 'console.filter.all' }, ...options], value));
  return h('input', { type: kind === 'search' ? 'search' : 'datetime-local', name, value, autocomplete: 'off', maxlength: 200 });
}
