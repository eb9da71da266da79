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

const CLIENT = { 'X-Tasuki-Client': 'console' };
/** The access token is renewed this long (ms) before it expires. */
const RENEW_EARLY_MS = 60_000;

/** Says that somebody signed in here before, so that a first visit does not ask for a refresh in vain. */
const HINT = 'tasuki-signed-in';

let token = '';
let expires = 0;
let signedOut = () => {};

/** What to do when the sign-in is over. @param {() => void} action */
export function onSignedOut(action) {
  signedOut = action;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{json?: unknown, form?: Record<string, string>, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 */
async function send(method, path, { json, form, headers = {}, signal } = {}) {
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
 * @param {{json?: unknown, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 * @returns {Promise<any>}
 */
export async function call(method, path, options = {}) {
  if (Date.now() > expires - RENEW_EARLY_MS) await renewed();
  const authorised = () => send(method, path, { ...options, headers: { ...options.headers, Authorization: `Bearer ${token}` } });
  try {
    return await authorised();
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    await renewed();
    return authorised();
  }
}

async function renewed() {
  if (await refresh()) return;
  signedOut();
  throw new ApiError(401, { slug: 'unauthorized', detail: 'Sign in again.' });
}

/**
 * Call an operation that needs no sign-in, or one with a token of its own.
 * @param {string} method
 * @param {string} path
 * @param {{json?: unknown, headers?: Record<string, string>}} [options]
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
