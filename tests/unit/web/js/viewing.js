/** Puts a viewer on the page for tests; `window.viewing` keeps what it fired. */

import { fromHex } from '/web/core/bytes.js';
import { resumeStore } from '/web/core/resume_store.js';
import { SessionEnded } from '/web/core/tickets.js';
import '/web/core/viewer.js';

/** @param {any} grant @param {{link?: string, customer?: boolean, ended?: {by: string, reason: string}}} [options] */
export async function open(grant, { link, ended, customer } = {}) {
  const style = document.createElement('link');
  Object.assign(style, { rel: 'stylesheet', href: '/web/core/viewer.css' });
  const loaded = new Promise((resolve) => (style.onload = resolve));
  document.head.append(style);
  await loaded;
  const viewer = document.createElement('tasuki-viewer');
  Object.assign(viewer.style, { width: '600px', height: '400px' });
  document.body.append(viewer);
  const viewing = (window.viewing = { states: [], pictures: [], refused: 0, ignored: 0 });
  viewer.addEventListener('tasuki-state', (event) => viewing.states.push(event.detail));
  viewer.addEventListener('tasuki-picture', (event) => viewing.pictures.push(event.detail.number));
  viewer.addEventListener('tasuki-refused', () => (viewing.refused += 1));
  viewer.addEventListener('tasuki-ignored', (event) => (viewing.ignored = event.detail.count));
  const source = {
    ticket: async () => grant,
    resume: async () => {
      if (ended) throw new SessionEnded(ended.by, ended.reason);
      return { resume_ticket: grant.resume_ticket, relays: grant.relays };
    },
  };
  const store = resumeStore(grant.session_id);
  await viewer.open({ grant, source, store, link: link && fromHex(link), customer });
}

/** SHA-256 of the canvas's RGB, and its size. */
export async function shown() {
  const { width, height, data } = await document.querySelector('tasuki-viewer').snapshot();
  const rgb = data.filter((_, at) => at % 4 !== 3);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(rgb)));
  return { width, height, sha256: Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') };
}
