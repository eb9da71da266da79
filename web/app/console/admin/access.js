/** 'What may she do?': for an operator, a kind of session and an address, what holds and who made it so. */

import { all, call, explain } from '../../lib/api.js';
import { h, messageBox } from '../../lib/dom.js';
import { form, input, labelled, select } from '../../lib/form.js';
import { hasText, onLanguage, t } from '../../lib/i18n.js';
import { icon } from '../../lib/icons.js';
import { head } from '../page.js';
import { GROUPS, MODES, valueText } from './members.js';

/** @param {import('../../console.js').Console} context @returns {Promise<import('../../console.js').View>} */
export async function accessPage(context) {
  const operators = await all('/v1/operators');
  const wanted = new URLSearchParams(location.search).get('operator') ?? context.me.operator.id;
  const panel = accessPanel();
  const people = select('operator', operators.map(({ id, name, login }) => ({ value: id, text: `${name} (${login})` })), wanted);
  const ask = form(
    { id: 'access', class: 'card stack', submit: 'console.access.ask', act: ({ operator, mode, address }) => panel.ask(operator, mode, address) },
    h('div', { class: 'triple' }, labelled('console.access.operator', people), ...conditions()),
  );
  await panel.ask(wanted, 'control', null);
  const element = h('div', { class: 'page wide stack' }, head({ title: 'console.access.title', lead: 'console.access.lead' }), ask, panel.element);
  return { element, title: 'console.access.title', close: panel.close };
}

/** Which kind of session, and from where. */
function conditions() {
  const modes = select('mode', MODES.map((mode) => ({ value: mode, label: `console.mode.${mode}` })), 'control');
  return [labelled('console.access.mode', modes), labelled('console.access.address', input('address', { as: 'optional', placeholder: '192.0.2.7', inputmode: 'url', maxlength: 45 }), 'console.access.address.hint')];
}

/** The answer, drawn anew when the language changes. */
export function accessPanel() {
  const message = messageBox();
  const place = h('div', { class: 'stack', id: 'effective-policy', 'aria-live': 'polite' });
  /** @type {any} */
  let answer = null;
  const draw = () => {
    if (answer) place.replaceChildren(...result(answer));
  };
  const close = onLanguage(draw);
  const ask = async (/** @type {string} */ operator, /** @type {string} */ mode, /** @type {string | null} */ address) => {
    const query = new URLSearchParams({ mode, ...(address ? { address } : {}) });
    try {
      answer = await call('GET', `/v1/operators/${operator}/effective-policy?${query}`);
      message.hide();
      draw();
    } catch (error) {
      message.show(...explain(error, hasText));
    }
  };
  return { element: h('div', { class: 'stack' }, message.element, place), ask, close };
}

/** @param {any} answer */
function result({ allowed, refused_because, members }) {
  const verdict = h(
    'div',
    { class: `notice verdict ${allowed ? 'good' : 'bad'}`, id: 'verdict' },
    icon(allowed ? 'check' : 'cross'),
    h('div', {}, h('p', {}, h('strong', { t: allowed ? 'console.access.allowed' : 'console.access.refused' })), ...refused_because.map((/** @type {any} */ why) => h('p', {}, refusal(why)))),
  );
  return [verdict, ...GROUPS.map(({ group, members: list }) => groupCard(group, list.filter(({ name }) => name in members).map(({ name }) => row(name, members[name]))))];
}

/** @param {{member: string, sentence: string}} why */
function refusal(why) {
  const key = `console.access.because.${why.member}`;
  return hasText(key) ? t(key) : why.sentence;
}

/** @param {string} group @param {HTMLElement[]} rows */
function groupCard(group, rows) {
  return h('section', { class: 'card stack tight' }, h('h2', { t: `console.policy.group.${group}` }), h('dl', { class: 'reasons' }, ...rows));
}

/** @param {string} name @param {{value: any, because: any[]}} member */
function row(name, { value, because }) {
  return h(
    'div',
    { 'data-member': name, class: because.length ? 'narrowed' : '' },
    h('dt', { t: `console.policy.member.${name}` }),
    h('dd', {}, h('span', { class: 'value' }, valueText(name, value)), ...because.map((layer) => reason(name, layer))),
  );
}

/** @param {string} name @param {{layer: string, name: string, value: any}} because */
function reason(name, because) {
  const key = `console.access.layer.${because.layer}`;
  // The api names a layer as a sentence begins with it; what people called it stands between the quotation marks.
  const given = /“(.*)”/.exec(because.name)?.[1] ?? because.name;
  const layer = hasText(key) ? t(key, { name: given }) : because.name;
  return h('span', { class: 'soft small because' }, t('console.access.says', { layer, value: valueText(name, because.value) }));
}
