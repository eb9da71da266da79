/** Send the session's link to the customer by mail. */

import { create } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { form, input, labelled, select } from '../lib/form.js';
import { language } from '../lib/i18n.js';
import { section } from './page.js';

/** @param {any} session */
export function inviteCard(session) {
  const languages = [
    { value: 'en', text: 'English' },
    { value: 'ja', text: '日本語' },
  ];
  const sent = h('p', { class: 'notice good', role: 'status', id: 'invite-sent', hidden: true, t: 'console.invite.sent' });
  const act = async (/** @type {any} */ { email, language: chosen }) => {
    sent.hidden = true;
    await create(`/v1/sessions/${session.id}/invite`, { email, language: chosen });
    sent.hidden = false;
  };
  const entry = form(
    { id: 'invite-customer', submit: 'console.invite.send', quiet: true, act },
    h(
      'div',
      { class: 'pair' },
      labelled('console.invite.email', input('email', { type: 'email', required: true, maxlength: 254, value: session.customer?.email ?? '' })),
      labelled('console.new.language', select('language', languages, session.language ?? language())),
    ),
  );
  return section('console.invite', 'console.invite.hint', entry, sent);
}
