/** The rules of a device or a group: whether somebody is asked, when, and who may connect. */

import { h } from '../../lib/dom.js';
import { labelled, select, several } from '../../lib/form.js';
import { hoursEditor } from './hours_editor.js';

const CONSENTS = ['ask', 'ask-if-present', 'never'];

/**
 * @param {{consent?: string | null, hours?: any, access?: any}} rules
 * @param {{operators: any[], policies: any[]}} people
 * @param {boolean} whole for a group, whose access is always said; a device may leave it to its group
 */
export function accessFields({ consent, hours, access }, { operators, policies }, whole) {
  const asked = select('consent', [{ value: '', label: whole ? 'console.consent.none' : 'console.device.as_group' }, ...CONSENTS.map((value) => ({ value, label: `console.consent.${value}` }))], consent);
  const editor = hoursEditor(hours);
  const when = select('hours', [{ value: '', label: whole ? 'console.hours.always' : 'console.device.as_group' }, { value: 'on', label: 'console.hours.windows' }], hours ? 'on' : '');
  const given = access ?? { operator_ids: [], policy_ids: [] };
  const who = h(
    'div',
    { class: 'stack' },
    operators.length ? several('operator_ids', 'console.device.access.operators', operators.map(named), given.operator_ids, { class: 'dense' }) : null,
    policies.length ? several('policy_ids', 'console.device.access.policies', policies.map(named), given.policy_ids, { class: 'dense' }) : null,
  );
  const own = select('own_access', [{ value: '', label: 'console.device.as_group' }, { value: 'on', label: 'console.device.own_access' }], access ? 'on' : '');
  const follow = () => {
    editor.element.hidden = when.value !== 'on';
    who.hidden = !whole && own.value !== 'on';
  };
  when.addEventListener('change', follow);
  own.addEventListener('change', follow);
  follow();
  return {
    asked,
    editor,
    when,
    own,
    who,
    elements: [
      labelled('console.device.consent', asked, 'console.device.consent.hint'),
      labelled('console.device.hours', when),
      editor.element,
      whole ? h('p', { class: 'soft small', t: 'console.device.access.hint' }) : labelled('console.device.access', own, 'console.device.access.hint'),
      who,
    ],
  };
}

/** Names that people gave stand as they are. @param {{id: string, name: string}} item */
const named = ({ id, name }) => ({ value: id, text: name });

/** @param {ReturnType<typeof accessFields>} rules @param {boolean} whole */
export function readAccess({ asked, editor, when, own, who }, whole) {
  const picked = (/** @type {string} */ name) => [.../** @type {NodeListOf<HTMLInputElement>} */ (who.querySelectorAll(`[name=${name}]:checked`))].map(({ value }) => value);
  const access = { operator_ids: picked('operator_ids'), policy_ids: picked('policy_ids') };
  return {
    consent: asked.value || null,
    hours: when.value === 'on' ? editor.read() : null,
    access: whole || own.value === 'on' ? access : null,
  };
}
