/**
 * What a customer sees at the link they were sent: who asks, for what, the exact command that accepts being asked, and
 * that nothing is shared by looking. Without a usable code it says what to do instead.
 */

import { ApiError, Unreachable, callPublic } from './lib/api.js';
import { copyable, field, h, messageBox, topBar } from './lib/dom.js';
import { groupCode } from './lib/format.js';
import { hasText, initTexts, onLanguage, t } from './lib/i18n.js';
import { LOOKING, leftOff, lookCard, lookOn } from './join/look.js';

const root = /** @type {HTMLElement} */ (document.getElementById('join'));
let title = 'join.title';

/** The code in the address, if there is one. */
function codeInAddress() {
  const part = decodeURIComponent(location.pathname.replace(/^\/join\/?/, '').replace(/\/$/, ''));
  return part.normalize('NFKC').replace(/[\s-]/g, '');
}

/** @param {string} heading key of the page's title @param {...HTMLElement} children */
function show(heading, ...children) {
  title = heading;
  const main = h('main', { class: 'page stack join' }, ...children);
  root.replaceChildren(topBar('/join'), main);
  retitle();
}

function retitle() {
  document.title = `${t(title)} – Tasuki`;
}

async function open() {
  const code = codeInAddress();
  if (!code) return show('join.title', codeForm('join.enter.title', 'join.enter.lead', ''), strangers());
  if (!/^\d{6,12}$/.test(code)) return notValid(code);
  const left = leftOff(code);
  if (left) return lookOn(root, left.session, { code, grant: left.grant });
  show('join.title', h('p', { class: 'soft', role: 'status', t: 'join.looking' }));
  try {
    const { session } = await callPublic('POST', '/v1/join/preview', { json: { code } });
    return showQuestion(session, code);
  } catch (error) {
    return showProblem(error, code);
  }
}

/** @param {unknown} error @param {string} code */
function showProblem(error, code) {
  if (error instanceof ApiError && [404, 422].includes(error.status)) return notValid(code);
  const busy = error instanceof ApiError && error.status === 429;
  const key = busy ? 'join.busy' : error instanceof Unreachable ? 'join.unreachable' : 'join.trouble';
  const again = h('button', { type: 'button', class: 'primary', t: 'app.try_again', onclick: () => open() });
  const card = h(
    'section',
    { class: 'card stack', role: 'alert' },
    h('h1', { t: key }),
    h('p', { t: `${key}.hint` }),
    h('div', { class: 'row' }, again),
  );
  return show(key, card, nothingShared());
}

/** @param {string} code */
function notValid(code) {
  show('join.not_valid', codeForm('join.not_valid', 'join.not_valid.lead', code), strangers());
}

/** @param {string} heading @param {string} lead @param {string} code */
function codeForm(heading, lead, code) {
  const message = messageBox();
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const typed = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('code'));
    const digits = typed.normalize('NFKC').replace(/[\s-]/g, '');
    if (!/^\d{6,12}$/.test(digits)) return message.show('join.enter.malformed');
    history.pushState(null, '', `/join/${digits}`);
    return open();
  };
  return h(
    'form',
    { class: 'card stack', onsubmit: submit },
    h('h1', { t: heading }),
    h('p', { t: lead }),
    field({
      name: 'code',
      label: 'join.enter.label',
      value: /^\d+$/.test(code) ? groupCode(code) : '',
      inputmode: 'numeric',
      autocomplete: 'off',
      maxlength: 20,
      required: true,
      class: 'code-input',
    }),
    message.element,
    h('button', { class: 'primary', t: 'join.enter.submit' }),
  );
}

/** @param {any} session @param {string} code */
function showQuestion(session, code) {
  session.operator ??= { name: session.organisation.name, verified: 'queue' };
  const values = { operator: session.operator.name, organisation: session.organisation.name };
  if (LOOKING.has(session.mode)) {
    const start = () => lookOn(root, session, { code });
    return show('join.title', question(session, values), nothingShared(), lookCard(start), strangers());
  }
  const link = `${location.origin}/join/${code}${location.hash}`;
  show('join.title', question(session, values), nothingShared(), howTo(link), strangers());
}

/** @param {any} session @param {Record<string, string>} values */
function question(session, values) {
  const { mode, features, recording, operator, limits } = session;
  const minutes = limits?.seconds ? Math.ceil(limits.seconds / 60) : 0;
  const known = `join.verified.${operator.verified}`;
  const verified = hasText(known) ? known : 'join.verified.other';
  /** @type {[string, string, any?][]} */
  const rows = [
    ['join.row.operator', verified, { ...values, verified: operator.verified }],
    ['join.row.organisation', 'join.organisation', values],
    ['join.row.mode', `join.mode.${mode}`],
    ...(minutes ? [/** @type {[string, string, any]} */ (['join.row.limit', 'join.limit', { minutes }])] : []),
    ...features.map(featureRow),
    ...(recording === 'off' ? [] : [/** @type {[string, string]} */ (['join.row.recording', `join.recording.${recording}`])]),
  ];
  return h(
    'section',
    { class: 'card stack' },
    h('h1', { t: `join.who_asks.${mode}`, values }),
    h('dl', { class: 'facts' }, ...rows.flatMap(([name, key, given]) => [h('dt', { t: name }), h('dd', { t: key, values: given })]), h('dt', { t: 'join.row.server' }), h('dd', {}, location.host)),
  );
}

/** What is allowed beyond the mode; one that this page has no words for is shown by its name. @param {string} feature @returns {[string, string, any?]} */
function featureRow(feature) {
  const key = `join.feature.${feature}`;
  return hasText(key) ? ['join.row.also', key] : ['join.row.also', 'join.feature.other', { feature }];
}

function nothingShared() {
  return h('p', { class: 'notice good calm', t: 'join.nothing_shared' });
}

/** @param {string} link */
function howTo(link) {
  const install = h(
    'details',
    {},
    h('summary', { t: 'join.install.title' }),
    h('p', { class: 'soft', t: 'join.install.hint' }),
  );
  return h(
    'section',
    { class: 'card stack', 'aria-labelledby': 'how-to' },
    h('h2', { id: 'how-to', t: 'join.how.title' }),
    h(
      'ol',
      { class: 'steps' },
      h('li', {}, h('p', { t: 'join.how.terminal' })),
      h('li', {}, h('p', { t: 'join.how.command' }), copyable(`tasuki join ${link}`, 'app.copy'), install),
      h('li', {}, h('p', { t: location.hash.startsWith('#k=') ? 'join.how.link' : 'join.how.digits' })),
      h('li', {}, h('p', { t: 'join.how.accept' })),
    ),
  );
}

function strangers() {
  return h(
    'section',
    { class: 'card stack strangers', 'aria-labelledby': 'strangers' },
    h('h2', { id: 'strangers', t: 'join.stranger.title' }),
    h('p', { t: 'join.stranger.body' }),
  );
}

async function start() {
  await initTexts();
  onLanguage(retitle);
  addEventListener('popstate', () => open());
  await open();
}

start();
