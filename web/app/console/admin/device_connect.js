/** Start a session with a device. */

import { fromHex } from '../../../core/bytes.js';
import { call, create } from '../../lib/api.js';
import { h } from '../../lib/dom.js';
import { openDialog } from '../../lib/dialog.js';
import { choices, form, input, labelled } from '../../lib/form.js';
import { keepAccessKey } from '../link.js';
import { MODES } from '../new_session.js';
import { button } from '../page.js';

/** @param {import('../../console.js').Console} context @param {{id: string}} shown how it stands is asked anew */
export async function connect(context, { id }) {
  const device = await call('GET', `/v1/devices/${id}`);
  const allowed = MODES.filter((mode) => ['manage', 'control', 'view'].includes(mode) && context.me.operator.modes.includes(mode));
  // Where nobody may be there to compare digits, the device's own key takes their place; the server never has it.
  const keyed = device.effective_consent !== 'ask';
  const options = allowed.map((value) => ({ value, label: `console.mode.${value}`, hint: `console.mode.${value}.hint` }));
  const session = await openDialog({ title: 'console.devices.connect.title', values: { name: device.name }, wide: true }, (/** @type {(value?: any) => void} */ close) => {
    const act = async (/** @type {any} */ { mode, reference, access_key: typed }) => {
      const digits = (typed ?? '').toLowerCase().replace(/[\s-]/g, '');
      if (keyed && !/^[0-9a-f]{32}$/.test(digits)) return 'console.devices.access_key.malformed';
      const made = await create(`/v1/devices/${device.id}/sessions`, { mode, ...(reference ? { reference: { system: 'console', id: reference } } : {}) });
      if (keyed) keepAccessKey(made.id, fromHex(digits));
      close(made);
      return undefined;
    };
    return [
      form(
        { submit: 'console.devices.connect', id: 'connect-form', act, beside: [button('app.cancel', () => close())] },
        h('p', { class: 'soft', t: `console.consent.${device.effective_consent}.hint` }),
        choices('mode', 'console.mode', options, options[0]?.value ?? '', { required: true }),
        keyed ? labelled('console.devices.access_key', input('access_key', { as: 'secret', required: true, maxlength: 60, spellcheck: 'false', class: 'code-lines' }), 'console.devices.access_key.hint') : null,
        labelled('console.new.reference', input('reference', { maxlength: 100 })),
      ),
    ];
  });
  if (session) context.show(session);
}
