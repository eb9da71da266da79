/** The customer where the operator's screen is shown: they type the digits here, and only here they are compared. */

import { VERIFICATION_ATTEMPTS } from './limits.js';

export class Customer {
  /** A link's secret proved who is there: no digits are compared. */
  linked = false;
  #expected = '';
  #wrong = 0;

  /** The digits that the operator reads out now. @param {string} digits */
  expect(digits) {
    this.#expected = digits;
  }

  /** Which attempt at the digits this is, from 1. */
  get attempt() {
    return this.#wrong + 1;
  }

  /** Compare once; then they are forgotten. @param {string} typed @returns {'right' | 'wrong' | 'failed'} */
  compare(typed) {
    const right = this.#expected !== '' && typed === this.#expected;
    this.#expected = '';
    if (right) return 'right';
    this.#wrong += 1;
    return this.#wrong < VERIFICATION_ATTEMPTS ? 'wrong' : 'failed';
  }
}
