/** What each report is narrowed by and shows. */

import { h } from '../../lib/dom.js';
import { amount, lasted, when, whenExactly } from '../../lib/format.js';
import { t } from '../../lib/i18n.js';
import { link } from '../../lib/list.js';
import { button } from '../page.js';
import { deviceOf } from '../sign_ins.js';
import { eventDetails, sessionDetails, whyEnded } from './details.js';

/**
 * @typedef {import('../../console.js').Console} Console
 * @typedef {import('../filters.js').Filter} Filter
 * @typedef {import('../../lib/list.js').Column} Column
 * @typedef {{summed: boolean, filters: (context: Console) => Filter[], columns: (context: Console) => Column[]}} Report
 */

const STATES = ['waiting', 'claimed', 'active', 'paused', 'interrupted', 'ended', 'expired'];
const MODES = ['manage', 'control', 'view', 'share', 'present'];
const PARTIES = ['operator', 'customer', 'administrator', 'system'];
const OUTCOMES = ['succeeded', 'failed', 'locked', 'refused', 'second_step_failed', 'stepped_up', 'ended'];

/** @param {string} kind @param {string[]} values */
const options = (kind, values) => values.map((value) => ({ value, label: `console.${kind}.${value}` }));

/** From then, until then. @type {Filter[]} */
const TIMES = [
  { name: 'from', kind: 'time', label: 'console.filter.from' },
  { name: 'to', kind: 'time', label: 'console.filter.to' },
];

/** @param {Console} context @returns {Filter[]} */
const ofSessions = ({ me }) => [
  ...TIMES,
  { name: 'customer_email', kind: 'search', label: 'console.list.email' },
  { name: 'reference_id', kind: 'search', label: 'console.list.reference' },
  { name: 'state', kind: 'choice', label: 'console.list.state', options: options('state', STATES) },
  { name: 'mode', kind: 'choice', label: 'console.history.mode', options: options('mode', MODES) },
  { name: 'ended_by', kind: 'choice', label: 'console.history.ended_by', options: options('history.party', PARTIES) },
  .../** @type {Filter[]} */ (me.operator.role === 'operator' ? [] : [{ name: 'operator_id', kind: 'choice', label: 'console.list.whose', options: [{ value: me.operator.id, label: 'console.list.mine' }] }]),
];

/** @type {Record<string, Report>} */
export const REPORTS = {
  sessions: {
    summed: true,
    filters: ofSessions,
    columns: (context) => [
      { label: 'console.history.session', cell: (row) => named(context, row) },
      { label: 'console.history.operator', cell: ({ operator }) => operator?.name ?? '', class: 'names' },
      { label: 'console.history.made', cell: ({ created_at: at }) => when(at) },
      { label: 'console.history.lasted', cell: ({ seconds }) => (seconds === null ? '' : lasted(seconds)) },
      { label: 'console.history.bytes', cell: ({ bytes }) => amount(bytes.from_host + bytes.from_viewers), class: 'late' },
      { label: 'console.history.end', cell: end },
    ],
  },
  events: {
    summed: false,
    filters: (context) => [{ name: 'event', kind: 'search', label: 'console.history.type' }, { name: 'session_id', kind: 'search', label: 'console.history.session' }, ...ofSessions(context)],
    columns: ({ go }) => [
      { label: 'console.history.event', cell: (row) => opener(row.type, () => eventDetails(row)) },
      { label: 'console.history.session', cell: (row) => link(`/console/sessions/${row.session_id}`, go, row.reference?.id ?? row.session_id.slice(-8)) },
      { label: 'console.history.operator', cell: ({ operator }) => operator?.name ?? '', class: 'names' },
      { label: 'console.log.when', cell: ({ time }) => whenExactly(time) },
    ],
  },
  'sign-ins': {
    summed: false,
    filters: () => [...TIMES, { name: 'outcome', kind: 'choice', label: 'console.history.outcome', options: options('history.outcome', OUTCOMES) }, { name: 'address', kind: 'search', label: 'console.log.where' }],
    columns: () => [
      { label: 'console.log.who', cell: ({ operator, login }) => operator?.name ?? login ?? '', class: 'names' },
      { label: 'console.history.outcome', cell: ({ outcome }) => h('span', { class: `chip ${outcome === 'succeeded' ? 'good' : outcome === 'ended' ? '' : 'warn'}`, t: `console.history.outcome.${outcome}` }) },
      { label: 'console.log.where', cell: ({ address }) => address ?? '' },
      { label: 'console.log.device', cell: ({ user_agent: agent }) => (agent ? deviceOf(agent) : ''), class: 'late' },
      { label: 'console.log.when', cell: ({ time }) => whenExactly(time) },
    ],
  },
  usage: { summed: false, filters: ofSessions, columns: () => [] },
};

/** Who was helped, with what it belongs to; opens everything about it. @param {Console} context @param {any} row */
function named(context, row) {
  const name = row.customer?.name ?? row.customer?.email;
  const text = name ?? t(row.forgotten ? 'console.history.forgotten' : 'console.customer.unnamed');
  const about = [row.reference?.id, t(`console.mode.${row.mode}`)].filter(Boolean).join(' · ');
  return h('span', { class: 'two' }, opener(text, () => sessionDetails(context, row)), h('span', { class: 'soft small' }, about));
}

/** @param {string} text @param {() => unknown} act */
function opener(text, act) {
  const open = button('console.log.details', act, { class: 'bare' });
  open.replaceChildren(text);
  return open;
}

/** Who ended it and why, or how it is. @param {any} row */
function end({ state, ended_by: by, reason }) {
  if (!by) return h('span', { class: 'chip', t: `console.state.${state}` });
  return h('span', { class: 'two' }, h('span', { t: `console.history.party.${by}` }), h('span', { class: 'soft small' }, whyEnded(reason)));
}
