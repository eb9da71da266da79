/** How the log proves itself: its newest checkpoint to keep, the export, and who outside is sent checkpoints. */

import { call, download } from '../../lib/api.js';
import { copyable, h } from '../../lib/dom.js';
import { openDialog } from '../../lib/dialog.js';
import { input, labelled, linesInput, select } from '../../lib/form.js';
import { number, whenExactly } from '../../lib/format.js';
import { button, facts } from '../page.js';

const LANGUAGES = { en: 'English', ja: '日本語' };

/** What one can do with the whole log. @returns {HTMLElement[]} */
export function logActions() {
  const save = () => download('/v1/audit-events/export', 'audit.jsonl');
  return [button('console.log.checkpoint', showCheckpoint, { id: 'checkpoint' }), button('console.log.export', save, { id: 'export-log' })];
}

async function showCheckpoint() {
  const checkpoint = await call('GET', '/v1/audit-events/checkpoint');
  await openDialog({ title: 'console.log.checkpoint', wide: true }, (/** @type {(value?: boolean) => void} */ close) => [
    h('p', { class: 'soft', t: 'console.log.checkpoint.lead' }),
    facts([
      ['console.log.checkpoint.size', number(checkpoint.size)],
      ['console.log.when', whenExactly(checkpoint.time)],
      ['console.log.checkpoint.key', h('code', {}, checkpoint.fingerprint)],
      ['console.log.checkpoint.sent', checkpoint.witnessed_at ? whenExactly(checkpoint.witnessed_at) : h('span', { t: 'console.log.checkpoint.not_sent' })],
    ]),
    copyable(checkpoint.checkpoint, 'app.copy'),
    h('p', { class: 'soft small', t: 'console.log.checkpoint.use' }),
    h('div', { class: 'row end' }, button('app.close', () => close(), { class: 'primary', 'data-focus': true })),
  ]);
}

/** Fields of the organisation's settings. @param {{witness_emails: string[], witness_every_hours: number, witness_language: string}} audit */
export function witnessFields({ witness_emails: emails, witness_every_hours: hours, witness_language: language }) {
  const languages = Object.entries(LANGUAGES).map(([value, text]) => ({ value, text }));
  return [
    labelled('console.organization.witness_emails', linesInput('settings.audit.witness_emails', emails, { placeholder: 'auditor@example.org' }), 'console.organization.witness_emails.hint'),
    h(
      'div',
      { class: 'pair' },
      labelled('console.organization.witness_hours', input('settings.audit.witness_every_hours', { as: 'number', type: 'number', min: 1, max: 720, required: true, value: hours }), 'console.organization.witness_hours.hint'),
      labelled('console.organization.witness_language', select('settings.audit.witness_language', languages, language, { 'data-as': 'text' })),
    ),
  ];
}
