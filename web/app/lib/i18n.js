/**
 * Texts in the reader's language: one flat catalogue per language from /strings/xx.json, the same that Python reads.
 * Elements made with `{ t: 'key' }` (dom.js) follow when the language is switched.
 */

export const LANGUAGES = /** @type {const} */ (['en', 'ja']);
/** @typedef {typeof LANGUAGES[number]} Language */
/** @typedef {Record<string, string | number>} Values */

const KEPT = 'tasuki-language';
/** @type {Map<Language, Record<string, string>>} */
const catalogues = new Map();
/** @type {Language} */
let current = 'en';
/** What is shown where: element → its text and attributes. @type {WeakMap<Element, {text?: [string, Values], attributes: Record<string, [string, Values]>}>} */
const bound = new WeakMap();
const listeners = /** @type {Set<() => void>} */ (new Set());

/** @returns {Language} what the reader chose before, else the first language of the browser that we have */
function preferred() {
  const kept = localStorage.getItem(KEPT);
  const wanted = [kept ?? '', ...navigator.languages].map((tag) => tag.slice(0, 2).toLowerCase());
  return LANGUAGES.find((language) => language === wanted.find((tag) => LANGUAGES.includes(/** @type {any} */ (tag)))) ?? 'en';
}

/** @param {Language} language */
async function load(language) {
  if (catalogues.has(language)) return;
  const answer = await fetch(`/strings/${language}.json`);
  if (!answer.ok) throw new Error(`the texts could not be loaded (${answer.status})`);
  catalogues.set(language, await answer.json());
}

/** Load the texts; call before anything is shown. */
export async function initTexts() {
  await setLanguage(preferred(), false);
}

export const language = () => current;

/** Switch the language of everything on the page. @param {Language} next @param {boolean} [keep] remember it */
export async function setLanguage(next, keep = true) {
  await load(next);
  current = next;
  if (keep) localStorage.setItem(KEPT, next);
  document.documentElement.lang = next;
  for (const element of document.querySelectorAll('[data-t]')) refresh(element);
  for (const listener of listeners) listener();
}

/** Be called after each switch; for what is not bound to an element. @param {() => void} listener */
export function onLanguage(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether there is a text of that key. @param {string} key */
export function hasText(key) {
  return key in (catalogues.get(current) ?? {});
}

/** The text `key` with `values` put in at `{name}`. @param {string} key @param {Values} [values] */
export function t(key, values = {}) {
  const text = catalogues.get(current)?.[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Let an element show a text, in whatever language is chosen. @param {Element} element @param {string} key @param {Values} [values] */
export function bindText(element, key, values = {}) {
  entry(element).text = [key, values];
  refresh(element);
}

/** The same for an attribute. @param {Element} element @param {string} attribute @param {string} key @param {Values} [values] */
export function bindAttribute(element, attribute, key, values = {}) {
  entry(element).attributes[attribute] = [key, values];
  refresh(element);
}

/** @param {Element} element */
function entry(element) {
  const found = bound.get(element) ?? { attributes: {} };
  bound.set(element, found);
  element.setAttribute('data-t', '');
  return found;
}

/** @param {Element} element */
function refresh(element) {
  const found = bound.get(element);
  if (!found) return;
  if (found.text) {
    const text = t(...found.text);
    if (element.textContent !== text) element.textContent = text;
  }
  for (const [name, [key, values]] of Object.entries(found.attributes)) element.setAttribute(name, t(key, values));
}
