/** The first page: one big button for a new session, who waits in the queue, and the sessions there were. */

import { h } from '../lib/dom.js';
import { onLanguage } from '../lib/i18n.js';
import { newSession } from './new_session.js';
import { queueNotice } from './queue.js';
import { sessionList } from './session_list.js';

/** How often the list is read again (ms) while it is looked at. */
const REFRESH_MS = 15_000;

/** @param {import('../console.js').Console} context @returns {Promise<import('../console.js').View>} */
export async function home(context) {
  const list = sessionList(context);
  const waiting = context.may('sessions:write') ? queueNotice(context) : null;
  await list.read();
  const timer = setInterval(() => document.hidden || list.reread(), REFRESH_MS);
  const unlisten = onLanguage(() => list.reread());
  const element = h('div', { class: 'page wide stack home' }, waiting?.element ?? null, context.may('sessions:write') ? newSession(context) : null, list.element);
  const close = () => {
    clearInterval(timer);
    unlisten();
    waiting?.close();
  };
  return { element, title: 'console.title', close };
}
