/** Recovery codes: how many are left, and new ones. */

import { call } from '../../lib/api.js';
import { h } from '../../lib/dom.js';
import { confirmDialog } from '../../lib/dialog.js';
import { button, section } from '../page.js';
import { showCodes } from './factors.js';

/** @param {import('../../console.js').Console} context @param {any} mfa */
export function recoveryCard(context, { factors, passkeys, recovery_codes_left: left }) {
  if (!factors.length && !passkeys) return null;
  const renew = async () => {
    const key = 'console.recovery.renew';
    const answer = await confirmDialog({ title: key, text: `${key}.text`, confirm: key, danger: false, act: () => call('POST', '/v1/auth/mfa/recovery-codes') });
    if (!answer) return;
    await showCodes(answer.recovery_codes);
    context.again();
  };
  return section(
    'console.recovery',
    'console.recovery.hint',
    h('div', { class: 'row spread' }, h('p', { t: 'console.recovery.left', values: { count: left } }), button('console.recovery.renew', renew, { id: 'renew-recovery' })),
  );
}
