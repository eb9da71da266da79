/** Which page an address names. Pages that an operator rarely opens are loaded when they are. */

import { call } from '../lib/api.js';
import { home } from './home.js';
import { sessionView } from './session.js';

/**
 * @typedef {import('../console.js').Console} Console
 * @typedef {import('../console.js').View} View
 * @typedef {(context: Console, id: string) => Promise<View> | View} Opener
 */

const ID = '([A-Za-z0-9_]+)';

/** Path after /console, and what opens it. @type {[RegExp, Opener][]} */
const PAGES = [
  [/^$/, home],
  [new RegExp(`^/sessions/${ID}$`), async (context, id) => sessionView(context, await call('GET', `/v1/sessions/${id}`))],
  [/^\/queue$/, async (context) => (await import('./queue.js')).queuePage(context)],
  [/^\/security$/, async (context) => (await import('./security.js')).securityPage(context)],
  [/^\/devices$/, async (context) => (await import('./admin/devices.js')).devicesPage(context)],
  [new RegExp(`^/devices/${ID}$`), async (context, id) => (await import('./admin/device.js')).devicePage(context, id)],
  [/^\/operators$/, async (context) => (await import('./admin/operators.js')).operatorsPage(context)],
  [/^\/operators\/new$/, async (context) => (await import('./admin/operator_new.js')).newOperatorPage(context)],
  [new RegExp(`^/operators/${ID}$`), async (context, id) => (await import('./admin/operator.js')).operatorPage(context, id)],
  [/^\/policies$/, async (context) => (await import('./admin/policies.js')).policiesPage(context)],
  [new RegExp(`^/policies/${ID}$`), async (context, id) => (await import('./admin/policy.js')).policyPage(context, id)],
  [/^\/access$/, async (context) => (await import('./admin/access.js')).accessPage(context)],
  [/^\/organization$/, async (context) => (await import('./admin/organization.js')).organizationPage(context)],
  [/^\/api-keys$/, async (context) => (await import('./admin/api_keys.js')).apiKeysPage(context)],
  [/^\/history$/, async (context) => (await import('./history/page.js')).historyPage(context, 'sessions')],
  [/^\/history\/(events|sign-ins|usage)$/, async (context, name) => (await import('./history/page.js')).historyPage(context, name)],
  [/^\/customers$/, async (context) => (await import('./admin/customers.js')).customersPage(context)],
  [new RegExp(`^/customers/${ID}$`), async (context, id) => (await import('./admin/customer.js')).customerPage(context, id)],
  [/^\/holds$/, async (context) => (await import('./admin/holds.js')).holdsPage(context)],
  [/^\/log$/, async (context) => (await import('./admin/log.js')).logPage(context)],
];

/**
 * Open the page of an address; the first page for one that names none.
 * @param {Console} context
 * @param {string} address
 * @returns {Promise<View>}
 */
export async function openPage(context, address) {
  const path = address.replace(/^\/console/, '').replace(/\/$/, '');
  for (const [pattern, open] of PAGES) {
    const match = pattern.exec(path);
    if (match) return open(context, match[1] ?? '');
  }
  return home(context);
}
