/** The sign-in as a page of its own. */

import { h } from '../lib/dom.js';
import { signInFlow } from './flow.js';

/**
 * @param {() => void} done called when signed in
 * @returns {import('../console.js').View}
 */
export function signInView(done) {
  const box = h('div', { class: 'page narrow stack' });
  signInFlow(box, done);
  return { element: box, title: 'console.sign_in.title' };
}
