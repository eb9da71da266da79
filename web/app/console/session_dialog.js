/** Beside the screen: who is in the session, who else could be, notes, and the way back to the console. */

import { call } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { openDialog } from '../lib/dialog.js';
import { notesCard } from './notes.js';
import { button } from './page.js';
import { peopleCard } from './people.js';

/** The button that opens it. @param {import('../console.js').Console} context @param {any} session */
export function sessionButton(context, session) {
  const open = async () => {
    element.disabled = true;
    try {
      await show(context, await call('GET', `/v1/sessions/${session.id}`));
    } finally {
      element.disabled = false;
    }
  };
  const element = button('viewer.session', open, { id: 'session-menu' });
  return element;
}

/** @param {import('../console.js').Console} context @param {any} session */
async function show(context, session) {
  /** @type {(value?: boolean) => void} */
  let close = () => undefined;
  /** Whatever leads away from the screen closes the dialog, too. @param {any} shown */
  const leave = (shown) => {
    close();
    context.show(shown);
  };
  const people = await peopleCard({ ...context, show: leave }, session, false);
  await openDialog({ title: 'console.session.about', wide: true }, (/** @type {(value?: boolean) => void} */ shut) => {
    close = shut;
    const away = () => {
      shut();
      context.go('/console');
    };
    return [people, notesCard(context, session, false), h('div', { class: 'row end' }, button('console.session.away', away), button('app.close', () => shut(), { class: 'primary', 'data-focus': true }))];
  });
}
