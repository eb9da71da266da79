/**
 * The secret of a join link: 16 random bytes made here, put behind the `#` of the link, never sent to the server. It stays
 * in this tab (sessionStorage), so that only this tab can verify who comes by the link.
 */

import { fromBase64, toBase64url } from '../../core/bytes.js';

const PREFIX = 'tasuki.link.';
/** Marks a secret that came with the address (`tasuki view` opens it so): anybody can make such an address. */
const BROUGHT = 'tasuki.brought.';

/** Make the secret of a new session. @param {string} session id */
export function makeLinkSecret(session) {
  sessionStorage.setItem(PREFIX + session, toBase64url(crypto.getRandomValues(new Uint8Array(16))));
}

/**
 * Use a device's access key as the secret of a session with it: the person at this tab typed it, so it proves by itself.
 * @param {string} session id
 * @param {Uint8Array} key 16 bytes
 */
export function keepAccessKey(session, key) {
  sessionStorage.setItem(PREFIX + session, toBase64url(key));
}

/**
 * Take the secret of a session out of the address (`/console/sessions/ses_…#k=…`), so that it stays in no history. One made in
 * this tab is kept.
 */
export function takeLinkSecret() {
  const session = /^\/console\/sessions\/([A-Za-z0-9_]+)/.exec(location.pathname)?.[1];
  const secret = /^#k=([A-Za-z0-9_-]{22})$/.exec(location.hash)?.[1];
  if (!location.hash.startsWith('#k=')) return;
  history.replaceState(history.state, '', location.pathname + location.search);
  if (!session || !secret || sessionStorage.getItem(PREFIX + session)) return;
  sessionStorage.setItem(PREFIX + session, secret);
  sessionStorage.setItem(BROUGHT + session, '1');
}

/** Whether the secret was made in this tab, and so proves by itself who comes with it. @param {string} session id */
export function isOwnLink(session) {
  return !sessionStorage.getItem(BROUGHT + session);
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
  sessionStorage.removeItem(BROUGHT + session);
}
