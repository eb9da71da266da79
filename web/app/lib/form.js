/**
 * Forms: controls with a label and a sentence, their values as the API wants them, and trouble said beside what it is about.
 * `data-as` on a control says how its value is read.
 */

import { ApiError, Cancelled, explain } from './api.js';
import { h, messageBox } from './dom.js';
import { bindText, hasText } from './i18n.js';

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Control */
/** @typedef {Record<string, any>} Values */

/** How values are read. @type {Record<string, (control: any) => unknown>} */
const READ = {
  text: ({ value }) => value.trim(),
  secret: ({ value }) => value,
  optional: ({ value }) => value.trim() || null,
  number: ({ value }) => (value.trim() === '' ? null : Number(value)),
  minutes: ({ value }) => (value.trim() === '' ? null : Math.round(Number(value) * 60)),
  time: ({ value }) => (value ? new Date(value).toISOString() : null),
  check: ({ checked }) => checked,
  lines: ({ value }) =>
    value
      .split(/[\n,]/)
      .map((/** @type {string} */ line) => line.trim())
      .filter(Boolean),
};

/** What a form says, by name; a name with dots becomes members of members. @param {HTMLFormElement} form @returns {Values} */
export function valuesOf(form) {
  /** @type {Values} */
  const values = {};
  for (const control of /** @type {Iterable<any>} */ (form.elements)) {
    if (!control.name || control.disabled) continue;
    const as = control.dataset.as ?? 'text';
    if (as === 'many') {
      const list = place(values, control.name, []);
      if (control.checked) list.push(control.value);
    } else if (control.type !== 'radio' || control.checked) {
      place(values, control.name, READ[as](control));
    }
  }
  return values;
}

/** @param {Values} values @param {string} name @param {any} value */
function place(values, name, value) {
  const path = name.split('.');
  const last = /** @type {string} */ (path.pop());
  const owner = path.reduce((members, part) => (members[part] ??= {}), values);
  if (Array.isArray(value) && Array.isArray(owner[last])) return owner[last];
  return (owner[last] = value);
}

let numbers = 0;

/**
 * A control under its label. `control` is made by one of the functions below or any element with a `name`.
 * @param {string} label key
 * @param {HTMLElement} control
 * @param {string | null} [hint] key
 * @param {import('./i18n.js').Values} [values] of the hint
 */
export function labelled(label, control, hint = null, values = {}) {
  const id = control.id || `control-${++numbers}`;
  control.id = id;
  const about = hint ? h('p', { id: `${id}-hint`, class: 'hint', t: hint, values }) : null;
  if (about) control.setAttribute('aria-describedby', about.id);
  return h('div', { class: 'field' }, h('label', { for: id, t: label }), control, about);
}

/** @param {string} name @param {Record<string, any>} [more] */
export function input(name, { as = 'text', ...more } = {}) {
  return h('input', { name, 'data-as': as, autocomplete: 'off', ...more });
}

/** @param {string} name @param {string[]} lines @param {Record<string, any>} [more] */
export function linesInput(name, lines, more = {}) {
  return h('textarea', { name, 'data-as': 'lines', rows: 3, value: lines.join('\n'), spellcheck: 'false', class: 'code-lines', ...more });
}

/**
 * A choice from a list.
 * @param {string} name
 * @param {{value: string, label?: string, text?: string}[]} options with a key or, for names that people gave, a text
 * @param {string | null | undefined} chosen
 * @param {Record<string, any>} [more]
 */
export function select(name, options, chosen, more = {}) {
  const element = h(
    'select',
    { name, 'data-as': 'optional', ...more },
    ...options.map(({ value, label, text }) => h('option', { value, t: label }, text ?? null)),
  );
  element.value = chosen ?? '';
  return element;
}

/** Yes or no, with a sentence. @param {string} name @param {string} label @param {boolean} on @param {string | null} [hint] */
export function toggle(name, label, on, hint = null, more = {}) {
  const box = h('input', { type: 'checkbox', name, 'data-as': 'check', checked: on, ...more });
  return h(
    'label',
    { class: 'toggle' },
    box,
    h('span', {}, h('span', { class: 'choice-name', t: label }), hint ? h('span', { class: 'soft small', t: hint }) : null),
  );
}

/**
 * One of a few, each with its sentence.
 * @param {string} name
 * @param {string} legend key
 * @param {{value: string, label?: string, text?: string, hint?: string}[]} options
 * @param {string} chosen
 */
export function choices(name, legend, options, chosen, more = {}) {
  return choiceSet('radio', name, legend, options, (value) => value === chosen, more);
}

/** Several of a few. @param {string} name @param {string} legend @param {{value: string, label?: string, text?: string, hint?: string}[]} options @param {string[]} chosen */
export function several(name, legend, options, chosen, more = {}) {
  return choiceSet('checkbox', name, legend, options, (value) => chosen.includes(value), { 'data-as': 'many', ...more });
}

/**
 * @param {string} type
 * @param {string} name
 * @param {string} legend
 * @param {{value: string, label?: string, text?: string, hint?: string}[]} options
 * @param {(value: string) => boolean} checked
 * @param {Record<string, any>} more
 */
function choiceSet(type, name, legend, options, checked, { class: extra = '', hideLegend = false, ...more }) {
  const boxes = options.map(({ value, label, text, hint }) =>
    h(
      'label',
      { class: 'choice' },
      h('input', { type, name, value, checked: checked(value), ...more }),
      h('span', {}, h('span', { class: 'choice-name', t: label }, text ?? null), hint ? h('span', { class: 'soft small', t: hint }) : null),
    ),
  );
  return h('fieldset', { class: `field ${extra}` }, h('legend', { class: hideLegend ? 'visually-hidden' : '', t: legend }), h('div', { class: 'choices' }, ...boxes));
}

/**
 * A form that does one thing: while it is done the button waits, and trouble is said where it belongs.
 * @param {object} options
 * @param {(values: Values) => unknown} options.act may reject; a string is the key of what to say instead of going on
 * @param {string} options.submit key of the button's text
 * @param {string} [options.id]
 * @param {string} [options.class]
 * @param {boolean} [options.danger]
 * @param {boolean} [options.quiet] a plain button
 * @param {Node[]} [options.beside] other buttons
 * @param {...(Node | null | false)} children
 */
export function form({ act, submit, id, class: name = 'stack', danger = false, quiet = false, beside = [] }, ...children) {
  const message = messageBox();
  const button = h('button', { class: danger ? 'danger' : quiet ? '' : 'primary', t: submit });
  const run = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    message.hide();
    clearFaults(element);
    try {
      const say = await act(valuesOf(element));
      if (typeof say === 'string') message.show(say);
    } catch (error) {
      showTrouble(element, message, error);
    } finally {
      button.disabled = false;
    }
  };
  const element = h('form', { class: name, id, onsubmit: run, novalidate: false }, ...children, message.element, h('div', { class: 'row' }, button, ...beside));
  return element;
}

/** @param {HTMLFormElement} element */
function clearFaults(element) {
  for (const found of element.querySelectorAll('.fault')) found.remove();
  for (const found of element.querySelectorAll('[aria-invalid]')) found.removeAttribute('aria-invalid');
}

/**
 * Say what went wrong: beside the controls that the answer names, else above the button.
 * @param {HTMLFormElement} element
 * @param {import('./dom.js').MessageBox} message
 * @param {unknown} error
 */
export function showTrouble(element, message, error) {
  if (error instanceof Cancelled) return;
  const faults = error instanceof ApiError && Array.isArray(error.problem.errors) ? error.problem.errors : [];
  const left = faults.filter((/** @type {any} */ fault) => !showFault(element, fault));
  /** @type {HTMLElement | null} */ (element.querySelector('[aria-invalid]'))?.focus();
  if (faults.length === 0) return message.show(...explain(error, hasText));
  if (left.length) return message.show('app.invalid', { detail: left.map((/** @type {any} */ { detail, pointer }) => faultText(detail, pointer)).join(' ') });
  return undefined;
}

/** @param {string} detail @param {string} pointer */
function faultText(detail, pointer) {
  const where = pointer.replace(/^#\/?/, '');
  return where ? `${where}: ${detail}` : detail;
}

/** @param {HTMLFormElement} element @param {{pointer?: string, detail?: string, rule?: string}} fault @returns {boolean} whether its control is in the form */
function showFault(element, { pointer = '', detail = '', rule = '' }) {
  const path = pointer.replace(/^#\/?/, '').split('/').filter((part) => part !== '' && !/^\d+$/.test(part));
  const control = path.length ? element.querySelector(`[name="${CSS.escape(path.join('.'))}"]`) : null;
  if (!control) return false;
  const key = `problem.rule.${rule}`;
  const text = h('p', { class: 'fault', role: 'alert' });
  bindText(text, hasText(key) ? key : 'app.fault', { detail });
  control.setAttribute('aria-invalid', 'true');
  (control.closest('.field, .toggle') ?? control).append(text);
  return true;
}
