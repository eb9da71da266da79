/** Recovery codes, shown once: to copy, print or save. */

import { copy, h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

/** @param {string[]} codes @param {() => void} kept the reader says that they keep them @param {{heading?: boolean}} [options] */
export function recoveryCodes(codes, kept, { heading = true } = {}) {
  const text = codes.join('\n');
  const copying = h('button', { type: 'button', t: 'app.copy' });
  copying.addEventListener('click', () => copy(text, copying, 'app.copy'));
  const save = () => saveFile('tasuki-recovery-codes.txt', `${t('console.recovery.file', { host: location.host })}\n\n${text}\n`);
  return h(
    'div',
    { class: 'stack recovery' },
    heading ? h('h1', { t: 'console.recovery.title' }) : null,
    h('p', { class: 'soft', t: 'console.recovery.lead' }),
    h('ol', { class: 'recovery-codes', id: 'recovery-codes' }, ...codes.map((code) => h('li', {}, h('code', {}, code)))),
    h('div', { class: 'row no-print' }, copying, h('button', { type: 'button', t: 'console.recovery.print', onclick: () => print() }), h('button', { type: 'button', t: 'console.recovery.save', onclick: save })),
    h('button', { type: 'button', class: 'primary no-print', t: 'console.recovery.kept', onclick: kept }),
  );
}

/** @param {string} name @param {string} content */
function saveFile(name, content) {
  const url = URL.createObjectURL(new Blob([content], { type: 'text/plain' }));
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1_000);
}
