/** The organisation: its name, how people sign in, from where, and how sessions begin. */

import { ApiError, call } from '../../lib/api.js';
import { copyable, h } from '../../lib/dom.js';
import { confirmDialog, note } from '../../lib/dialog.js';
import { form, input, labelled, linesInput, select, toggle } from '../../lib/form.js';
import { when } from '../../lib/format.js';
import { button, head, section } from '../page.js';
import { machinesCard } from './machines.js';
import { retentionCard } from './retention.js';
import { witnessFields } from './witness.js';

/** @typedef {import('../../console.js').Console} Console */

const WHO = ['off', 'administrators', 'everyone'];

/** @param {Console} context @returns {Promise<import('../../console.js').View>} */
export async function organizationPage(context) {
  const organization = await call('GET', '/v1/organization');
  const may = context.may('organization:write');
  const [machines, retention] = await Promise.all([machinesCard(context), retentionCard(context, may)]);
  const element = h(
    'div',
    { class: 'page stack' },
    head({ title: 'console.place.organization', lead: 'console.organization.lead' }),
    general(organization, may),
    passwords(organization, may),
    signIn(organization, may),
    entryLink(context, organization, may),
    machines,
    retention,
    card('witness', may, witnessFields(organization.settings.audit)),
  );
  return { element, title: 'console.place.organization' };
}

/**
 * A card whose form changes the organisation.
 * @param {string} name
 * @param {boolean} may
 * @param {HTMLElement[]} fields
 */
function card(name, may, fields) {
  const save = (/** @type {any} */ json) => call('PATCH', '/v1/organization', { json });
  const act = async (/** @type {any} */ values) => {
    if (await evenIfShutOut(save, values)) note('console.saved');
  };
  const content = may ? form({ id: `organization-${name}`, submit: 'console.save', act }, ...fields) : h('fieldset', { class: 'stack', disabled: true }, ...fields);
  return section(`console.organization.${name}`, `console.organization.${name}.hint`, content);
}

/**
 * Networks that one is in none of lock oneself out: the server refuses them until one says that it is meant.
 * @param {(json: any) => Promise<any>} save
 * @param {any} values
 */
async function evenIfShutOut(save, values) {
  try {
    return await save(values);
  } catch (error) {
    if (!(error instanceof ApiError) || error.slug !== 'conflict' || !values.settings?.networks?.length) throw error;
    const key = 'console.organization.shut_out';
    return confirmDialog({ title: key, text: `${key}.text`, confirm: 'console.organization.shut_out.yes', act: () => save({ ...values, force: true }) });
  }
}

/** @param {any} organization @param {boolean} may */
function general({ name, code, code_digits, max_session_seconds: seconds }, may) {
  return card('general', may, [
    h(
      'div',
      { class: 'pair' },
      labelled('console.organization.name', input('name', { value: name, required: true, maxlength: 100 }), 'console.organization.name.hint'),
      labelled('console.company', h('input', { value: code, readonly: true }), 'console.organization.code.hint'),
    ),
    h(
      'div',
      { class: 'pair' },
      labelled('console.organization.digits', input('code_digits', { as: 'number', type: 'number', min: 6, max: 12, required: true, value: code_digits }), 'console.organization.digits.hint'),
      labelled('console.organization.longest', input('max_session_seconds', { as: 'minutes', type: 'number', min: 1, max: 10080, value: seconds ? seconds / 60 : '' }), 'console.organization.longest.hint'),
    ),
  ]);
}

/** @param {any} organization @param {boolean} may */
function passwords({ settings: { password } }, may) {
  const number = (/** @type {string} */ name, /** @type {number} */ min, /** @type {number} */ max, more = {}) =>
    labelled(`console.organization.${name}`, input(`settings.password.${name}`, { as: 'number', type: 'number', min, max, value: password[name] ?? '', ...more }), `console.organization.${name}.hint`);
  const flag = (/** @type {string} */ name) => toggle(`settings.password.${name}`, `console.organization.${name}`, password[name], `console.organization.${name}.hint`);
  return card('passwords', may, [
    h('div', { class: 'pair' }, number('min_length', 8, 64, { placeholder: '15' }), number('max_length', 20, 1024)),
    h('div', { class: 'pair' }, number('max_age_days', 1, 3650), number('reuse_last', 0, 12, { required: true })),
    flag('refuse_leaked'),
    flag('refuse_guessable'),
    flag('require_symbols'),
  ]);
}

/** @param {any} organization @param {boolean} may */
function signIn({ settings }, may) {
  const who = (/** @type {string} */ name) =>
    labelled(`console.organization.${name}`, select(`settings.${name}`, WHO.map((value) => ({ value, label: `console.who.${value}` })), settings[name], { 'data-as': 'text' }), `console.organization.${name}.hint`);
  const machines = ['off', 'required'].map((value) => ({ value, label: `console.organization.machines.${value}` }));
  return card('sign_in', may, [
    h('div', { class: 'pair' }, who('second_factor'), who('entry_link')),
    h(
      'div',
      { class: 'pair' },
      labelled('console.organization.failures', input('settings.lock.failures', { as: 'number', type: 'number', min: 0, max: 100, required: true, value: settings.lock.failures }), 'console.organization.failures.hint'),
      labelled('console.organization.minutes', input('settings.lock.minutes', { as: 'number', type: 'number', min: 1, max: 1440, required: true, value: settings.lock.minutes }), 'console.organization.minutes.hint'),
    ),
    labelled('console.organization.networks', linesInput('settings.networks', settings.networks ?? [], { placeholder: '192.0.2.0/24' }), 'console.organization.networks.hint'),
    labelled('console.organization.machines', select('settings.machines', machines, settings.machines, { 'data-as': 'text' }), 'console.organization.machines.hint'),
    toggle('settings.mac_required', 'console.organization.mac_required', settings.mac_required, 'console.organization.mac_required.hint'),
  ]);
}

/** @param {Console} context @param {any} organization @param {boolean} may */
function entryLink(context, organization, may) {
  const made = organization.entry_link_renewed_at;
  const place = h('div', { class: 'stack', role: 'status' });
  const renew = async () => {
    const act = () => call('POST', '/v1/organization/entry-link');
    const answer = made ? await confirmDialog({ title: 'console.entry_link.renew', text: 'console.entry_link.renew.text', confirm: 'console.entry_link.renew', act }) : await act();
    if (answer) place.replaceChildren(h('p', { t: 'console.entry_link.once' }), copyable(answer.url, 'app.copy'));
  };
  const off = async () => {
    const act = async () => (await call('DELETE', '/v1/organization/entry-link')) ?? true;
    if (await confirmDialog({ title: 'console.entry_link.off', text: 'console.entry_link.off.text', confirm: 'console.entry_link.off', act })) context.again();
  };
  return section(
    'console.entry_link',
    'console.entry_link.hint',
    made ? h('p', { class: 'soft small', t: 'console.entry_link.made', values: { when: when(made) } }) : null,
    place,
    may ? h('div', { class: 'row' }, button(made ? 'console.entry_link.renew' : 'console.entry_link.make', renew, { id: 'entry-link' }), made ? button('console.entry_link.off', off) : null) : null,
  );
}
