/** One member of a policy to edit: 'not set here' first, so that a policy says only what it means to say. */

import { h } from '../../lib/dom.js';
import { labelled, linesInput, select } from '../../lib/form.js';
import { hoursEditor } from './hours_editor.js';
import { MODES, UNITS, wordKey } from './members.js';

/** @typedef {import('./members.js').Member} Member */
/** A row of the editor, and what it says: `undefined` when the policy does not name the member. @typedef {{name: string, element: HTMLElement, read: () => any}} Row */

/** @param {Member} member @param {any} value `undefined` or null when not set @param {boolean} fixed only to look at @returns {Row} */
export function memberRow(member, value, fixed) {
  const { control, read, beneath } = EDITORS[member.kind](member, value ?? undefined);
  const label = `console.policy.member.${member.name}`;
  const row = labelled(label, control, `${label}.hint`);
  row.classList.add('member');
  row.dataset.member = member.name;
  if (beneath) row.append(beneath);
  const mark = () => row.classList.toggle('set', read() !== undefined);
  row.addEventListener('input', mark);
  row.addEventListener('change', mark);
  mark();
  if (fixed) for (const found of row.querySelectorAll('input, select, textarea, button')) found.setAttribute('disabled', '');
  return { name: member.name, element: row, read };
}

/** @typedef {{control: HTMLElement, read: () => any, beneath?: HTMLElement}} Editor */

/** The choice 'not set here' or something else. @param {{value: string, label: string}[]} options @param {string} chosen */
function choice(options, chosen) {
  return /** @type {HTMLSelectElement} */ (select('', [{ value: '', label: 'console.policy.not_set' }, ...options], chosen));
}

/** 'Not set here' or a list beneath. @param {string} label @param {boolean} on @param {HTMLElement} beneath */
function listed(label, on, beneath) {
  const control = choice([{ value: 'on', label }], on ? 'on' : '');
  const show = () => {
    beneath.hidden = control.value !== 'on';
  };
  control.addEventListener('change', show);
  show();
  return control;
}

/** @type {Record<string, (member: Member, value: any) => Editor>} */
const EDITORS = {
  words({ name, values = [] }, value) {
    const flags = values.includes('on');
    const options = values.map((word) => ({ value: word, label: wordKey(name, word) }));
    const control = choice(options, value === undefined ? '' : flags ? (value ? 'on' : 'off') : value);
    return { control, read: () => (control.value === '' ? undefined : flags ? control.value === 'on' : control.value) };
  },
  flag(_member, value) {
    const control = choice([{ value: 'on', label: 'console.policy.value.demanded' }], value ? 'on' : '');
    return { control, read: () => (control.value === 'on' ? true : undefined) };
  },
  amount({ unit = 'minutes' }, value) {
    const control = h('input', { type: 'number', min: 1, step: 'any', inputmode: 'decimal', value: value === undefined ? '' : value / UNITS[unit], tAttr: { placeholder: `console.policy.unit.${unit}` } });
    return { control, read: () => (control.value === '' ? undefined : Math.round(Number(control.value) * UNITS[unit])) };
  },
  modes(_member, value) {
    const boxes = MODES.map((mode) => h('input', { type: 'checkbox', value: mode, checked: value?.includes(mode) ?? false }));
    const beneath = h('div', { class: 'ticks' }, ...boxes.map((box) => h('label', { class: 'tick' }, box, h('span', { t: `console.mode.${box.value}` }))));
    const control = listed('console.policy.only_these', value !== undefined, beneath);
    return { control, beneath, read: () => (control.value === 'on' ? boxes.filter(({ checked }) => checked).map((box) => box.value) : undefined) };
  },
  networks(_member, value) {
    const lines = linesInput('', value ?? [], { placeholder: '192.0.2.0/24', tAttr: { 'aria-label': 'console.policy.member.networks' } });
    const control = listed('console.policy.only_these', value !== undefined, lines);
    return { control, beneath: lines, read: () => (control.value === 'on' ? linesOf(lines) : undefined) };
  },
  applications(_member, value) {
    const only = linesInput('', value?.allow ?? [], { tAttr: { placeholder: 'console.policy.one_per_line' } });
    const never = linesInput('', value?.deny ?? [], { tAttr: { placeholder: 'console.policy.one_per_line' } });
    const beneath = h('div', { class: 'pair' }, labelled('console.policy.applications.allow', only, 'console.policy.applications.allow.hint'), labelled('console.policy.applications.deny', never));
    const control = listed('console.policy.these_lists', value !== undefined, beneath);
    const read = () => (control.value === 'on' ? { allow: linesOf(only).length ? linesOf(only) : null, deny: linesOf(never) } : undefined);
    return { control, beneath, read };
  },
  hours(_member, value) {
    const editor = hoursEditor(value?.[0]);
    const control = listed('console.policy.these_hours', value !== undefined && value.length > 0, editor.element);
    const more = value?.slice(1) ?? [];
    return { control, beneath: editor.element, read: () => (control.value === 'on' ? [editor.read(), ...more] : undefined) };
  },
};

/** @param {HTMLTextAreaElement} area */
const linesOf = (area) =>
  area.value
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter(Boolean);
