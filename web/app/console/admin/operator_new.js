/** A new operator: invited by mail, or with a one-time password to hand over. */

import { all, call, create, explain } from '../../lib/api.js';
import { copyable, h, messageBox } from '../../lib/dom.js';
import { choices, form, input, labelled, select } from '../../lib/form.js';
import { hasText, language } from '../../lib/i18n.js';
import { button, head } from '../page.js';
import { ROLES } from './operators.js';

/** @param {import('../../console.js').Console} context @returns {Promise<import('../../console.js').View>} */
export async function newOperatorPage(context) {
  const policies = context.may('policies:read') ? await all('/v1/policies') : [];
  const box = h('div', { class: 'page stack' });
  const act = async (/** @type {any} */ { how, policy_id, ...body }) => {
    const operator = await create('/v1/operators', policy_id ? { ...body, policy_id } : body);
    box.replaceChildren(...(how === 'invite' ? await invited(context, operator) : [oneTime(context, operator)]));
  };
  const ways = ['invite', 'password'].map((value) => ({ value, label: `console.operator.by.${value}`, hint: `console.operator.by.${value}.hint` }));
  const roles = ROLES.map((value) => ({ value, label: `console.role.${value}`, hint: `console.role.${value}.hint` }));
  const options = [{ value: '', label: 'console.policies.none' }, ...policies.map(({ id, name }) => ({ value: id, text: name }))];
  box.append(
    head({ title: 'console.operators.new', back: { path: '/console/operators', label: 'console.place.operators', go: context.go } }),
    form(
      { id: 'new-operator-form', class: 'card stack', submit: 'console.operators.create', act },
      h(
        'div',
        { class: 'pair' },
        labelled('console.operators.name', input('name', { required: true, maxlength: 100, 'data-focus': true }), 'console.operators.name.hint'),
        labelled('console.login', input('login', { required: true, maxlength: 60, autocapitalize: 'none', spellcheck: 'false' }), 'console.operators.login.hint'),
      ),
      labelled('console.operators.email', input('email', { as: 'optional', type: 'email', maxlength: 254 }), 'console.operators.email.hint'),
      choices('role', 'console.operators.role', roles, 'operator'),
      policies.length ? labelled('console.operator.policy', select('policy_id', options, ''), 'console.operator.policy.hint') : null,
      choices('how', 'console.operator.by', ways, 'invite'),
    ),
  );
  return { element: box, title: 'console.operators.new' };
}

/** @param {import('../../console.js').Console} context @param {any} operator */
async function invited(context, operator) {
  const message = messageBox();
  try {
    const answer = await call('POST', `/v1/operators/${operator.id}/invite`, { json: { language: language() } });
    return [invitation(context, operator, answer)];
  } catch (error) {
    message.show(...explain(error, hasText));
    return [message.element, oneTime(context, operator)];
  }
}

/** What became of an invitation. @param {import('../../console.js').Console} context @param {any} operator @param {any} answer */
function invitation(context, operator, answer) {
  return h(
    'section',
    { class: 'card stack', id: 'invited', role: 'status' },
    h('h1', { t: 'console.operator.invited', values: { name: operator.name } }),
    ...invitationWords(answer, operator),
    h('div', { class: 'row' }, open(context, operator), button('console.operators.another', context.again)),
  );
}

/** @param {{mailed: boolean, link?: string | null}} answer @param {any} operator */
export function invitationWords({ link: url }, operator) {
  if (!url) return [h('p', { t: 'console.operator.invited.mail', values: { email: operator.email ?? '' } })];
  return [h('p', { t: 'console.operator.invited.link' }), copyable(url, 'app.copy')];
}

/** @param {import('../../console.js').Console} context @param {any} operator */
function oneTime(context, operator) {
  return h(
    'section',
    { class: 'card stack', id: 'one-time', role: 'status' },
    h('h1', { t: 'console.operator.created', values: { name: operator.name } }),
    h('p', { t: 'console.operator.one_time' }),
    copyable(operator.one_time_password, 'app.copy'),
    h('div', { class: 'row' }, open(context, operator), button('console.operators.another', context.again)),
  );
}

/** @param {import('../../console.js').Console} context @param {any} operator */
const open = (context, { id }) => button('console.operator.open', () => context.go(`/console/operators/${id}`), { class: 'primary' });
