/** Start a session with a device. */

import { create } from '../../lib/api.js';
import { h } from '../../lib/dom.js';
import { openDialog } from '../../lib/dialog.js';
import { choices, form, input, labelled } from '../../lib/form.js';
import { MODES } from '../new_session.js';
import { button } from '../page.js';

/** @param {import('../../console.js').Console} context @param {any} device */
export async function connect(context, device) {
  const allowed = MODES.filter((mode) => ['manage', 'control', 'view'].includes(mode) && context.me.operator.modes.includes(mode));
  const options = allowed.map((value) => ({ value, label: `console.mode.${value}`, hint: `console.mode.${value}.hint` }));
  const session = await openDialog({ title: 'console.devices.connect.title', values: { name: device.name }, wide: true }, (/** @type {(value?: any) => void} */ close) => {
    const act = async (/** @type {any} */ { mode, reference }) =>
      close(await create(`/v1/devices/${device.id}/sessions`, { mode, ...(reference ? { reference: { system: 'console', id: reference } } : {}) }));
    return [
      form(
        { submit: 'console.devices.connect', id: 'connect-form', act, beside: [button('app.cancel', () => close())] },
        h('p', { class: 'soft', t: `console.consent.${device.effective_consent}.hint` }),
        choices('mode', 'console.mode', options, options[0]?.value ?? '', { required: true }),
        labelled('console.new.reference', input('reference', { maxlength: 100 })),
      ),
    ];
  });
  if (session) context.show(session);
}
