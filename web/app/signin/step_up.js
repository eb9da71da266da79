/** 'Confirm that it is you': comes up by itself before acts that could hurt, and then the act goes on. */

import { Cancelled, call, stepUp } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { openDialog } from '../lib/dialog.js';
import { form, input, labelled } from '../lib/form.js';
import { methodPicker } from './second_step.js';

/** @param {any} problem the answer that asked for it @returns {Promise<void>} rejects with `Cancelled` */
export async function askAgain(problem) {
  const methods = /** @type {string[]} */ (problem.methods ?? ['password']);
  const proved = await openDialog({ title: 'console.step_up.title' }, (/** @type {(value?: boolean) => void} */ close) => {
    const send = async (/** @type {any} */ answer) => {
      await stepUp(answer);
      close(true);
    };
    const second = methods.filter((method) => method !== 'password' && method !== 'recovery');
    return [
      h('p', { class: 'soft', t: 'console.step_up.lead' }),
      methods.includes('password') ? byPassword(send) : null,
      second.length ? methodPicker({ methods: second, challenge, send }) : null,
      h('div', { class: 'row end' }, h('button', { type: 'button', t: 'app.cancel', onclick: () => close() })),
    ].filter((node) => node !== null);
  });
  if (!proved) throw new Cancelled('nobody proved who is there');
}

/** @param {string} method */
const challenge = (method) => call('POST', '/v1/auth/step-up/challenge', { json: { method } });

/** @param {(answer: any) => Promise<unknown>} send */
function byPassword(send) {
  const control = input('password', { as: 'secret', type: 'password', required: true, autocomplete: 'current-password', 'data-focus': true });
  return form({ id: 'step-up', submit: 'console.step_up.submit', act: ({ password }) => send({ password }) }, labelled('console.password', control));
}
