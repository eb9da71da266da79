/**
 * The REST API for our pages. The access token lives in this module's memory only; the refresh token is a cookie that no
 * script can read, sent with a header that no other site can add.
 */

/** An answer that is not a success, as problem+json says it. */
export class ApiError extends Error {
  /** @param {number} status @param {{slug?: string, detail?: string, [member: string]: unknown}} problem */
  constructor(status, problem) {
    super(problem.detail ?? `The server answered ${status}.`);
    this.status = status;
    this.slug = problem.slug ?? 'error';
    this.problem = problem;
  }
}

/** The server could not be reached at all. */
export class Unreachable extends Error {}

/** The reader chose not to go on; nothing is wrong. */
export class Cancelled extends Error {}

const CLIENT = { 'X-Tasuki-Client': 'console' };
/** The access token is renewed this long (ms) before it expires. */
const RENEW_EARLY_MS = 60_000;

/** Says that somebody signed in here before, so that a first visit does not ask for a refresh in vain. */
const HINT = 'tasuki-signed-in';

let token = '';
let expires = 0;
let signedOut = () => {};
/** @type {((problem: any) => Promise<void>) | null} */
let proveAgain = null;
/** The proof being asked for, so that two acts at once ask once. @type {Promise<void> | null} */
let proving = null;

/** What to do when the sign-in is over. @param {() => void} action */
export function onSignedOut(action) {
  signedOut = action;
}

/**
 * What to do when an act needs a fresh proof of who is there: ask for it with `stepUp`, or throw `Cancelled`. The act is then
 * repeated by itself.
 * @param {(problem: any) => Promise<void>} ask
 */
export function onStepUp(ask) {
  proveAgain = ask;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{json?: unknown, form?: Record<string, string>, headers?: Record<string, string>, signal?: AbortSignal, as?: 'json' | 'text'}} [options]
 */
async function send(method, path, { json, form, headers = {}, signal, as = 'json' } = {}) {
  const body = form ? new URLSearchParams(form) : json === undefined ? undefined : JSON.stringify(json);
  /** @type {Record<string, string>} */
  const type = json === undefined ? {} : { 'Content-Type': 'application/json' };
  let answer;
  try {
    answer = await fetch(path, { method, body, headers: { ...type, ...headers }, signal, cache: 'no-store' });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable('the server cannot be reached');
  }
  if (answer.ok && as === 'text') return answer.text();
  const content = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok) throw new ApiError(answer.status, content ?? {});
  return content;
}

/** @param {{access_token: string, expires_in: number}} tokens */
function keep({ access_token, expires_in }) {
  localStorage.setItem(HINT, 'yes');
  token = access_token;
  expires = Date.now() + expires_in * 1000;
}

/** @param {string} username company/login @param {string} password */
export async function signIn(username, password) {
  keep(await send('POST', '/v1/auth/token', { form: { grant_type: 'password', username, password }, headers: CLIENT }));
}

/**
 * A step of a sign-in that ends with tokens: the second step, a passkey, an invitation.
 * @param {string} path
 * @param {unknown} json
 */
export async function signInBy(path, json) {
  keep(await send('POST', path, { json, headers: CLIENT }));
}

/**
 * An operation with the token of a sign-in that is not complete. When its answer completes it, one is signed in.
 * @param {string} mfaToken
 * @param {string} method
 * @param {string} path
 * @param {unknown} [json]
 * @returns {Promise<any>}
 */
export async function callPending(mfaToken, method, path, json) {
  const answer = await send(method, path, { json, headers: { ...CLIENT, Authorization: `Bearer ${mfaToken}` } });
  if (answer?.tokens) keep(answer.tokens);
  return answer;
}

/** Prove again who is there; acts that need it are allowed for a few minutes. @param {unknown} json password, code or passkey */
export async function stepUp(json) {
  keep(await authorised('POST', '/v1/auth/step-up', { json, headers: CLIENT }));
}

/** @param {string} username @param {string} password @param {string} next */
export async function changePassword(username, password, next) {
  const json = { username, password, new_password: next };
  keep(await send('POST', '/v1/auth/password', { json, headers: CLIENT }));
}

/** Whether there is a sign-in to go on with. A refresh token is good once, so tabs take turns. */
export async function refresh() {
  if (!localStorage.getItem(HINT)) return false;
  try {
    await navigator.locks.request('tasuki-refresh', async () => keep(await send('POST', '/v1/auth/refresh', { headers: CLIENT })));
    return true;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500 || error.status === 429) throw error;
    localStorage.removeItem(HINT);
    return false;
  }
}

export async function signOut() {
  token = '';
  localStorage.removeItem(HINT);
  await send('POST', '/v1/auth/logout', { headers: CLIENT });
}

/** The access token, for a page that hands it on (docs). */
export const accessToken = () => token;

/**
 * Call an operation as the signed-in operator.
 * @param {string} method
 * @param {string} path
 * @param {{json?: unknown, headers?: Record<string, string>, signal?: AbortSignal, as?: 'json' | 'text'}} [options]
 * @returns {Promise<any>}
 */
export async function call(method, path, options = {}) {
  try {
    return await authorised(method, path, options);
  } catch (error) {
    if (!(error instanceof ApiError) || error.slug !== 'step-up-required' || !proveAgain) throw error;
    proving ??= proveAgain(error.problem).finally(() => {
      proving = null;
    });
    await proving;
    return authorised(method, path, options);
  }
}

/**
 * With the access token, renewed when it is about to expire or is refused.
 * @param {string} method
 * @param {string} path
 * @param {{json?: unknown, headers?: Record<string, string>, signal?: AbortSignal, as?: 'json' | 'text'}} options
 */
async function authorised(method, path, options) {
  if (Date.now() > expires - RENEW_EARLY_MS) await renewed();
  const attempt = () => send(method, path, { ...options, headers: { ...options.headers, Authorization: `Bearer ${token}` } });
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401 || error.slug === 'sign-in-failed') throw error;
    await renewed();
    return attempt();
  }
}

async function renewed() {
  if (await refresh()) return;
  signedOut();
  throw new ApiError(401, { slug: 'unauthorized', detail: 'Sign in again.' });
}

/**
 * Make something: with a key under which a repetition, after a lost answer or a step-up, makes nothing twice.
 * @param {string} path
 * @param {unknown} json
 */
export const create = (path, json) => call('POST', path, { json, headers: { 'Idempotency-Key': crypto.randomUUID() } });

/**
 * All items of a list that is known to be short enough to be shown at once.
 * @param {string} path
 * @returns {Promise<any[]>}
 */
export async function all(path) {
  const items = [];
  let cursor = '';
  do {
    const page = await call('GET', `${path}${path.includes('?') ? '&' : '?'}limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
    items.push(...page.items);
    cursor = page.next_cursor ?? '';
  } while (cursor);
  return items;
}

/**
 * Save what an operation answers as a file. The token is renewed before, not in the middle.
 * @param {string} path
 * @param {string} name
 */
export async function download(path, name) {
  if (Date.now() > expires - RENEW_EARLY_MS) await renewed();
  let answer;
  try {
    answer = await fetch(path, { headers: { Authorization: `Bearer ${token}` }, cache: 'no-store' });
    if (!answer.ok) throw new ApiError(answer.status, (await answer.json().catch(() => null)) ?? {});
    const url = URL.createObjectURL(await answer.blob());
    Object.assign(document.createElement('a'), { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new Unreachable('the answer did not come, or not whole');
  }
}

/**
 * Call an operation that needs no sign-in, or one with a token of its own.
 * @param {string} method
 * @param {string} path
 * @param {{json?: unknown, headers?: Record<string, string>, as?: 'json' | 'text'}} [options]
 * @returns {Promise<any>}
 */
export const callPublic = (method, path, options = {}) => send(method, path, options);

/**
 * The text for an error: one of ours where we know the kind, else what the server said.
 * @param {unknown} error
 * @param {(key: string) => boolean} known
 * @returns {[string, Record<string, string>]} key and values
 */
export function explain(error, known) {
  if (error instanceof Unreachable) return ['app.unreachable', {}];
  if (!(error instanceof ApiError)) return ['app.error', { detail: error instanceof Error ? error.message : String(error) }];
  const key = `problem.${error.slug}`;
  return known(key) ? [key, { detail: error.message }] : ['app.error', { detail: error.message }];
}
