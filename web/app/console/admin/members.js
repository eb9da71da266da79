/**
 * The members of a policy as people meet them: in which order, what they can be, and how a value reads. A test compares this table
 * with the API's document, so that a new member cannot be forgotten here.
 */

import { t } from '../../lib/i18n.js';

/**
 * `kind` says how it is edited: `words` one of `values`, `flag` yes or not set, `amount` a number in `unit`s, `modes`, `names`,
 * `networks`, `hours`, `applications`. `widest` is what a policy that does not name the member means.
 * @typedef {{name: string, kind: string, widest: any, values?: string[], unit?: string}} Member
 */

const ASK = ['off', 'ask', 'allow'];
export const MODES = ['manage', 'control', 'view', 'share', 'present'];

/** @param {string} name @returns {Member} */
const consent = (name) => ({ name, kind: 'words', values: ASK, widest: 'allow' });
/** @param {string} name @returns {Member} */
const demand = (name) => ({ name, kind: 'flag', widest: false });

/** Groups with their members. @type {{group: string, members: Member[]}[]} */
export const GROUPS = [
  {
    group: 'kinds',
    members: [
      { name: 'modes', kind: 'modes', widest: MODES },
      { name: 'max_session_seconds', kind: 'amount', unit: 'minutes', widest: null },
      { name: 'idle_seconds', kind: 'amount', unit: 'minutes', widest: null },
      { name: 'max_bytes_per_second', kind: 'amount', unit: 'kilobytes', widest: null },
      demand('reason_required'),
    ],
  },
  {
    group: 'exchange',
    members: [
      { name: 'chat', kind: 'words', values: ['off', 'on'], widest: true },
      ...['file_to_customer', 'file_from_customer', 'clipboard_to_customer', 'clipboard_from_customer', 'print', 'voice', 'video'].map(consent),
    ],
  },
  {
    group: 'seen',
    members: [
      ...['screenshot', 'system_information', 'application_selection'].map(consent),
      demand('application_selection_required'),
      { name: 'applications', kind: 'applications', widest: { allow: null, deny: [] } },
      { name: 'recording', kind: 'words', values: ['off', 'allowed', 'required'], widest: 'allowed' },
      demand('local_input_priority'),
      { name: 'store_device_identifiers', kind: 'words', values: ['off', 'on'], widest: true },
    ],
  },
  {
    group: 'conditions',
    members: [
      { name: 'hours', kind: 'hours', widest: [] },
      { name: 'networks', kind: 'networks', widest: null },
      demand('second_factor_required'),
      demand('machines_required'),
      { name: 'verification', kind: 'words', values: ['digits', 'link', 'either'], widest: 'either' },
      demand('native_viewer_required'),
      demand('pq_required'),
    ],
  },
];

/** @type {Map<string, Member>} */
export const MEMBERS = new Map(GROUPS.flatMap(({ members }) => members).map((member) => [member.name, member]));

const SECONDS = 60;
const KILOBYTE = 1000;
/** What one of a unit is in the API. @type {Record<string, number>} */
export const UNITS = { minutes: SECONDS, kilobytes: KILOBYTE };

/** A value as it is shown, in the reader's language. @param {string} name @param {any} value */
export function valueText(name, value) {
  const member = MEMBERS.get(name);
  if (value === 'impossible') return t('console.policy.value.impossible');
  if (!member) return JSON.stringify(value);
  return SHOWN[member.kind](member, value);
}

/** @type {Record<string, (member: Member, value: any) => string>} */
const SHOWN = {
  words: ({ name }, value) => t(wordKey(name, value === true ? 'on' : value === false ? 'off' : value)),
  flag: (_member, value) => t(value ? 'console.policy.value.demanded' : 'console.policy.value.free'),
  amount: ({ unit }, value) => (value === null ? t('console.policy.value.unlimited') : t(`console.policy.value.${unit}`, { count: value / UNITS[/** @type {string} */ (unit)] })),
  modes: (_member, value) => (value.length ? value.map((/** @type {string} */ mode) => t(`console.mode.${mode}`)).join(', ') : t('console.policy.value.none')),
  networks: (_member, value) => (value === null ? t('console.policy.value.everywhere') : value.join(', ') || t('console.policy.value.nowhere')),
  hours: (_member, value) => (value.length ? value.map(scheduleText).join(' + ') : t('console.policy.value.always')),
  applications: (_member, { allow, deny }) =>
    [
      allow === null ? t('console.policy.value.all_applications') : t('console.policy.value.only', { names: allow.join(', ') || '–' }),
      ...(deny.length ? [t('console.policy.value.without', { names: deny.join(', ') })] : []),
    ].join('; '),
};

/** The key of a word: consents share theirs. @param {string} name @param {string} value */
export function wordKey(name, value) {
  const own = ['recording', 'verification'].includes(name) ? name : 'consent';
  return `console.policy.word.${own}.${value}`;
}

/** @param {{time_zone: string, windows: {days: string[], begin: string, end: string}[]}} schedule */
export function scheduleText({ time_zone, windows }) {
  const parts = windows.map(({ days, begin, end }) => `${days.map((day) => t(`console.day.${day}`)).join(' ')} ${begin}–${end}`);
  return `${parts.join(', ')} (${time_zone})`;
}
