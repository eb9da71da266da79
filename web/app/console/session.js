/** One session: which of its views fits its state, and whose it is. */

import { call } from '../lib/api.js';
import { forgetLink } from './link.js';
import { endedView } from './ended.js';
import { liveView } from './live.js';
import { overview } from './overview.js';
import { waitingView } from './waiting.js';

/**
 * @param {import('../console.js').Console} context
 * @param {any} session
 * @returns {Promise<import('../console.js').View>}
 */
export async function sessionView(context, session) {
  if (session.state === 'ended' || session.state === 'expired') {
    forgetLink(session.id);
    return endedView(context, session);
  }
  const own = session.operator?.id === context.me.operator.id;
  if (session.state === 'waiting') return session.code && (own || session.queued) ? waitingView(context, session) : overview(context, session);
  return own || (await isGuest(context, session)) ? liveView(context, session) : overview(context, session);
}

/** Whether the reader was asked to join. @param {import('../console.js').Console} context @param {{id: string}} session */
async function isGuest({ me }, { id }) {
  const { items } = await call('GET', `/v1/sessions/${id}/guests`);
  return items.some((/** @type {any} */ guest) => guest.operator_id === me.operator.id && !guest.removed_at);
}
