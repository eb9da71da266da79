/**
 * The secret of a join link: 16 random bytes made here, put behind the `#` of the link, never sent to the server. It stays
 * in this tab (sessionStorage), so that only this tab can verify who comes by the link.
 */

import { fromBase64, toBase64url } from '../../core/bytes.js';

const PREFIX = 'tasuki.link.';

/** Make the secret of a new session. @param {string} session id */
export function makeLinkSecret(session) {
  sessionStorage.setItem(PREFIX + session, toBase64url(crypto.getRandomValues(new Uint8Array(16))));
}

/** @param {string} session id @returns {Uint8Array | undefined} */
export function linkSecret(session) {
  const kept = sessionStorage.getItem(PREFIX + session);
  return kept ? fromBase64(kept) : undefined;
}

/** The link for the customer. @param {{id: string, join_url: string}} session */
export function linkOf({ id, join_url }) {
  const kept = sessionStorage.getItem(PREFIX + id);
  return kept ? `${join_url}#k=${kept}` : join_url;
}

/** @param {string} session id */
export function forgetLink(session) {
  sessionStorage.removeItem(PREFIX + session);
}
