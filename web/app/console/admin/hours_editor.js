/** Weekly windows in a time zone. */

import { h } from '../../lib/dom.js';
import { icon } from '../../lib/icons.js';

export const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const OFFICE = { days: DAYS.slice(0, 5), begin: '09:00', end: '18:00' };

/** @typedef {{days: string[], begin: string, end: string}} Window */

/** @param {{time_zone: string, windows: Window[]} | null | undefined} schedule */
export function hoursEditor(schedule) {
  const zones = zoneNames();
  const mine = schedule?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zone = h('select', { tAttr: { 'aria-label': 'console.hours.zone' } }, ...[...new Set([mine, ...zones])].map((name) => h('option', { value: name }, name)));
  zone.value = mine;
  const list = h('div', { class: 'stack windows' });
  const add = (/** @type {Window} */ window) => list.append(windowRow(window, () => list.childElementCount > 1));
  for (const window of schedule?.windows ?? [OFFICE]) add(window);
  const more = h('button', { type: 'button', class: 'plain', t: 'console.hours.add', onclick: () => add(OFFICE) });
  const element = h('div', { class: 'stack hours' }, zone, list, h('div', { class: 'row' }, more));
  const read = () => ({ time_zone: zone.value, windows: [...list.children].map(readWindow) });
  return { element, read };
}

/** @param {Window} window @param {() => boolean} removable */
function windowRow({ days, begin, end }, removable) {
  const boxes = DAYS.map((day) => h('label', { class: 'tick' }, h('input', { type: 'checkbox', value: day, checked: days.includes(day) }), h('span', { t: `console.day.${day}` })));
  const gone = h('button', { type: 'button', class: 'plain', tAttr: { 'aria-label': 'console.hours.remove' } }, icon('close'));
  const row = h(
    'div',
    { class: 'window' },
    h('div', { class: 'ticks' }, ...boxes),
    h('div', { class: 'row times' }, clockInput('begin', begin), '–', clockInput('end', end), gone),
  );
  gone.addEventListener('click', () => removable() && row.remove());
  return row;
}

/** 24:00 is the end of the day, which no time control of a browser knows. @param {string} name @param {string} value */
function clockInput(name, value) {
  return h('input', { class: 'clock', 'data-clock': name, value, maxlength: 5, pattern: '([01][0-9]|2[0-3]):[0-5][0-9]|24:00', placeholder: '09:00', required: true, tAttr: { 'aria-label': `console.hours.${name}` } });
}

/** @param {Element} row @returns {Window} */
function readWindow(row) {
  const clock = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (row.querySelector(`[data-clock=${name}]`)).value;
  const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (row.querySelectorAll('[type=checkbox]:checked'));
  return { days: [...boxes].map(({ value }) => value), begin: clock('begin'), end: clock('end') };
}

/** @returns {string[]} */
function zoneNames() {
  return /** @type {any} */ (Intl).supportedValuesOf?.('timeZone') ?? [];
}
