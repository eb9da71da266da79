/** Where somebody is signed in, each with 'sign out there'. */

import { call, explain } from '../lib/api.js';
import { h, messageBox } from '../lib/dom.js';
import { note } from '../lib/dialog.js';
import { when } from '../lib/format.js';
import { hasText, onLanguage, t } from '../lib/i18n.js';
import { button, chip, section } from './page.js';

/** @param {{path: string, may: boolean, title: string, lead?: string | null}} options */
export async function signInsCard({ path, may, title, lead = null }) {
  const message = messageBox();
  const list = h('ul', { class: 'rows', id: 'sign-ins' });
  /** @type {any[]} */
  let items = [];
  const draw = () => list.replaceChildren(...(items.length ? items.map((item) => row(item, may, () => out(item))) : [h('li', { class: 'soft', t: 'console.sign_ins.none' })]));
  const read = async () => {
    try {
      items = (await call('GET', path)).items;
      draw();
    } catch (error) {
      message.show(...explain(error, hasText));
    }
  };
  const out = async (/** @type {any} */ { id }) => {
    try {
      await call('DELETE', `${path}/${id}`);
      note('console.sign_ins.gone');
      await read();
    } catch (error) {
      message.show(...explain(error, hasText));
    }
  };
  await read();
  return { element: section(title, lead, message.element, list), close: onLanguage(draw) };
}

/** @param {any} item @param {boolean} may @param {() => void} out */
function row(item, may, out) {
  const by = item.methods.map((/** @type {string} */ method) => t(`console.sign_ins.by.${method}`)).join(' + ');
  const about = [by, item.machine_id ? t('console.sign_ins.machine') : null, item.address, t('console.sign_ins.last', { when: when(item.last_used_at) })];
  return h(
    'li',
    {},
    h('span', { class: 'two' }, h('span', {}, deviceOf(item.user_agent)), h('span', { class: 'soft small' }, about.filter(Boolean).join(' · '))),
    item.current ? chip('console.sign_ins.here', 'good') : may ? button('console.sign_ins.out', out) : null,
  );
}

/** @type {[RegExp, string][]} */
const BROWSERS = [
  [/^tasuki/i, 'Tasuki'],
  [/Edg\//, 'Edge'],
  [/Firefox\//, 'Firefox'],
  [/Chrom(e|ium)\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];
/** @type {[RegExp, string][]} */
const SYSTEMS = [
  [/iPhone|iPad/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X|Macintosh/, 'macOS'],
  [/Linux|X11/, 'Linux'],
];

/** A browser and a system, as far as they say; else what was said. @param {string | null | undefined} agent */
export function deviceOf(agent) {
  if (!agent) return t('console.sign_ins.unknown');
  const names = [BROWSERS, SYSTEMS].map((table) => table.find(([pattern]) => pattern.test(agent))?.[1]).filter(Boolean);
  return names.join(', ') || agent.slice(0, 60);
}
