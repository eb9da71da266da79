/** A new session: what one needs to do, and, if one likes, for whom, for what and when. */

import { create, explain } from '../lib/api.js';
import { field, h, messageBox } from '../lib/dom.js';
import { choices, select, labelled, valuesOf } from '../lib/form.js';
import { hasText } from '../lib/i18n.js';
import { makeLinkSecret } from './link.js';
import { Cancelled } from '../lib/api.js';

export const MODES = ['control', 'view', 'manage', 'share', 'present'];

/** @param {import('../console.js').Console} context */
export function newSession(context) {
  const message = messageBox();
  const button = h('button', { class: 'primary big', id: 'new-session', t: 'console.new.button' });
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const values = valuesOf(/** @type {HTMLFormElement} */ (event.target));
    button.disabled = true;
    message.hide();
    try {
      const session = await create('/v1/sessions', bodyOf(values));
      makeLinkSecret(session.id);
      context.show(session);
    } catch (error) {
      if (!(error instanceof Cancelled)) message.show(...explain(error, hasText));
      button.disabled = false;
    }
  };
  const allowed = MODES.filter((mode) => context.me.operator.modes.includes(mode));
  if (!allowed.length) return h('p', { class: 'notice warn', t: 'console.mode.none' });
  return h('form', { class: 'card stack new-session', onsubmit: submit }, button, modeChoice(allowed), more(), message.element);
}

/** @param {string[]} modes */
function modeChoice(modes) {
  const options = modes.map((value) => ({ value, label: `console.mode.${value}`, hint: `console.mode.${value}.hint` }));
  return choices('mode', 'console.mode', options, modes[0], { required: true, hideLegend: true });
}

/** What most sessions do without. */
function more() {
  const who = ['me', 'queue'].map((value) => ({ value, label: `console.new.for.${value}` }));
  const languages = [{ value: '', label: 'console.new.language.any' }, { value: 'en', text: 'English' }, { value: 'ja', text: '日本語' }];
  return h(
    'details',
    {},
    h('summary', { t: 'console.new.details' }),
    h(
      'div',
      { class: 'stack more' },
      h(
        'div',
        { class: 'pair' },
        field({ name: 'customer.name', label: 'console.new.customer', maxlength: 100, autocomplete: 'off' }),
        field({ name: 'customer.email', label: 'console.new.email', type: 'email', maxlength: 254, autocomplete: 'off' }),
      ),
      h(
        'div',
        { class: 'pair' },
        field({ name: 'reference', label: 'console.new.reference', maxlength: 100, autocomplete: 'off' }),
        field({ name: 'starts_at', label: 'console.new.starts_at', hint: 'console.new.starts_at.hint', type: 'datetime-local', 'data-as': 'time' }),
      ),
      h(
        'div',
        { class: 'pair' },
        labelled('console.new.for', select('for', who, 'me'), 'console.new.for.hint'),
        labelled('console.new.language', select('language', languages, ''), 'console.new.language.hint'),
      ),
    ),
  );
}

/** Only what was filled in. @param {any} values */
function bodyOf({ mode, customer, reference, starts_at, for: whom, language }) {
  const { name, email } = customer;
  const who = name || email ? { customer: { name: name || email, ...(email ? { email } : {}) } } : {};
  return {
    mode,
    ...who,
    ...(reference ? { reference: { system: 'console', id: reference } } : {}),
    ...(starts_at ? { starts_at } : {}),
    ...(whom === 'queue' ? { queue: true } : {}),
    ...(language ? { language } : {}),
  };
}
