/** One session: which of its three views fits its state. */

import { forgetLink } from './link.js';
import { endedView } from './ended.js';
import { liveView } from './live.js';
import { waitingView } from './waiting.js';

/**
 * @param {import('../console.js').Console} context
 * @param {any} session
 * @returns {Promise<import('../console.js').View>}
 */
export async function sessionView(context, session) {
  if (session.state === 'waiting') return waitingView(context, session);
  if (session.state !== 'ended' && session.state !== 'expired') return liveView(context, session);
  forgetLink(session.id);
  return endedView(context, session);
}
