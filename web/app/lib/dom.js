/** Elements without markup: text goes in as text, always. */

import { LANGUAGES, bindAttribute, bindText, language, onLanguage, setLanguage } from './i18n.js';

/**
 * @typedef {Node | string | null | undefined | false} Child
 * @typedef {object} Properties
 * @property {string} [t] key of the element's text
 * @property {import('./i18n.js').Values} [values] for `t`
 * @property {Record<string, string>} [tAttr] attribute → key of its text
 */

/**
 * An element: `on…` properties are listeners, `class` and attributes as in HTML, booleans as attributes that are there
 * or not, `t` and `tAttr` texts of the catalogue.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties & Record<string, any>} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  const { t: key, values, tAttr = {}, ...rest } = properties;
  for (const [name, value] of Object.entries(rest)) put(element, name, value);
  if (key) bindText(element, key, values);
  for (const [name, attributeKey] of Object.entries(tAttr)) bindAttribute(element, name, attributeKey, values);
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** @param {HTMLElement} element @param {string} name @param {any} value */
function put(element, name, value) {
  if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
  else if (name === 'value' || name === 'checked') /** @type {any} */ (element)[name] = value;
  else if (value === true) element.setAttribute(name, '');
  else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
}

/** A labelled input. @param {{name: string, label: string, hint?: string} & Record<string, any>} options */
export function field({ name, label, hint, ...rest }) {
  const id = `field-${name}`;
  const described = hint ? `${id}-hint` : undefined;
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id, t: label }),
    h('input', { id, name, 'aria-describedby': described, ...rest }),
    hint ? h('p', { id: described, class: 'hint', t: hint }) : null,
  );
}

/** Texts one can copy: the text itself and a button. @param {string} text @param {string} label key of the button's text */
export function copyable(text, label) {
  const button = h('button', { type: 'button', t: label, onclick: () => copy(text, button, label) });
  return h('div', { class: 'command' }, h('code', {}, text), button);
}

/** Put a text on the clipboard and say so on the button for a moment. @param {string} text @param {HTMLButtonElement} button @param {string} label */
export async function copy(text, button, label) {
  let done = 'app.copied';
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    done = 'app.copy_failed';
  }
  bindText(button, done);
  setTimeout(() => bindText(button, label), 2_000);
}

/** The bar on top: mark, what the page adds, language switch. @param {string} home where the mark leads @param {...Child} children */
export function topBar(home, ...children) {
  const brand = h('a', { class: 'brand', href: home }, h('img', { src: '/web/app/icon.svg', alt: '' }), h('span', {}, 'Tasuki'));
  return h('header', { class: 'topbar' }, brand, h('div', { class: 'row' }, ...children, languageSwitch()));
}

const NAMES = { en: 'English', ja: '日本語' };

function languageSwitch() {
  const buttons = LANGUAGES.map((name) =>
    h('button', { type: 'button', lang: name, onclick: () => setLanguage(name) }, NAMES[name]),
  );
  const press = () => buttons.forEach((button, n) => button.setAttribute('aria-pressed', String(LANGUAGES[n] === language())));
  onLanguage(press);
  press();
  return h('div', { class: 'language', role: 'group', tAttr: { 'aria-label': 'app.language' } }, ...buttons);
}

/**
 * A place for one message to the reader, read out when it changes.
 * @typedef {{element: HTMLElement, show: (key: string, values?: import('./i18n.js').Values) => void, hide: () => void}} MessageBox
 * @returns {MessageBox}
 */
export function messageBox() {
  const box = h('div', { role: 'alert', class: 'notice bad', hidden: true });
  return {
    element: box,
    show(key, values) {
      bindText(box, key, values);
      box.hidden = false;
    },
    hide() {
      box.hidden = true;
    },
  };
}
