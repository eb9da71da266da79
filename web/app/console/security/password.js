/** A new password. */

import { changePassword } from '../../lib/api.js';
import { h } from '../../lib/dom.js';
import { note } from '../../lib/dialog.js';
import { form, input, labelled } from '../../lib/form.js';
import { newPassword } from '../../signin/rules.js';
import { section } from '../page.js';

/** @param {import('../../console.js').Console} context */
export function passwordCard(context) {
  const { operator, organisation } = context.me;
  const username = `${organisation.code}/${operator.login}`;
  const act = async (/** @type {any} */ { password, new_password, repeated }) => {
    if (new_password !== repeated) return 'console.change.differ';
    await changePassword(username, password, new_password);
    note('console.password.changed');
    context.again();
    return undefined;
  };
  const present = input('password', { as: 'secret', type: 'password', required: true, autocomplete: 'current-password' });
  const entry = form(
    { id: 'password', submit: 'console.password.change', act },
    h('input', { type: 'hidden', name: 'username', value: username, autocomplete: 'username' }),
    labelled('console.password.present', present),
    ...newPassword(rulesFor(context.me), false),
  );
  return section('console.password', 'console.password.hint', h('details', {}, h('summary', { t: 'console.password.change' }), entry));
}

const ALONE = 15;
const WITH_SECOND_STEP = 8;

/** What holds for the reader: where the organisation names no length, it depends on whether a second step is demanded of them. @param {import('../../console.js').Me} me */
function rulesFor({ operator: { role }, organisation: { settings } }) {
  const demanded = settings.second_factor === 'everyone' || (settings.second_factor === 'administrators' && role === 'administrator');
  return { ...settings.password, min_length: settings.password.min_length ?? (demanded ? WITH_SECOND_STEP : ALONE) };
}
