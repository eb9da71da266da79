/** A sign-in that a terminal hands to this browser (`tasuki console`): its secret is behind the `#`, good once and for a minute. */

import { signInBy } from '../lib/api.js';

/** Whether there was such a secret in the address; it is taken out, so that it stays in no history. */
export async function enterByLink() {
  const secret = /^#enter=([A-Za-z0-9_-]{1,200})$/.exec(location.hash)?.[1];
  if (!secret) return false;
  history.replaceState(history.state, '', location.pathname);
  await signInBy('/v1/auth/console', { secret });
  return true;
}
