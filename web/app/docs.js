/** The API's documentation: Swagger UI from our own server, with a sign-in panel of ours after which 'Try it out' works. */

import { ApiError, call, accessToken, explain, onSignedOut, refresh, signIn, signOut } from './lib/api.js';
import { field, h, messageBox, topBar } from './lib/dom.js';
import { hasText, initTexts, onLanguage, t } from './lib/i18n.js';

/** The access token lives ten minutes; it is renewed while the page is open (ms). */
const RENEW_MS = 8 * 60_000;

const panel = /** @type {HTMLElement} */ (document.getElementById('panel'));

/**
 * Send our token with what is tried out, unless the reader gave another. By hand rather than by the name of a security
 * scheme, so that the page need not know how the document calls it.
 * @param {{url: string, headers: Record<string, string>}} request
 */
function withToken(request) {
  const ours = new URL(request.url, location.href).origin === location.origin;
  if (ours && accessToken()) request.headers.Authorization ??= `Bearer ${accessToken()}`;
  return request;
}

function showSignIn() {
  const message = messageBox();
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const typed = (/** @type {string} */ name) => String(form.get(name) ?? '').trim();
    try {
      await signIn(`${typed('company')}/${typed('login')}`, String(form.get('password') ?? ''));
      await showSignedIn();
    } catch (error) {
      if (error instanceof ApiError && error.slug === 'password-change-required') message.show('docs.change_first');
      else if (error instanceof ApiError && [401, 422].includes(error.status)) message.show('console.sign_in.wrong');
      else message.show(...explain(error, hasText));
    }
  };
  put(
    h(
      'form',
      { class: 'docs-sign-in', onsubmit: submit },
      h('p', { class: 'small', t: 'docs.lead' }),
      h(
        'div',
        { class: 'docs-fields' },
        field({ name: 'company', label: 'console.company', required: true, autocomplete: 'organization', autocapitalize: 'none' }),
        field({ name: 'login', label: 'console.login', required: true, autocomplete: 'username', autocapitalize: 'none' }),
        field({ name: 'password', label: 'console.password', type: 'password', required: true, autocomplete: 'current-password' }),
        h('button', { class: 'primary', t: 'console.sign_in.submit' }),
      ),
      message.element,
    ),
  );
}

async function showSignedIn() {
  const me = await call('GET', '/v1/me');
  const values = { operator: me.operator.name, organisation: me.organisation.name };
  const out = async () => {
    await signOut().catch(() => undefined);
    showSignIn();
  };
  put(
    h(
      'div',
      { class: 'row spread docs-signed-in' },
      h('p', { id: 'signed-in', t: 'docs.signed_in', values }),
      h('button', { type: 'button', class: 'plain', t: 'console.sign_out', onclick: out }),
    ),
  );
}

/** @param {HTMLElement} content */
function put(content) {
  const heading = h('h1', { class: 'docs-title', t: 'docs.title' });
  const console_ = h('a', { href: '/console', t: 'docs.console' });
  panel.replaceChildren(topBar('/docs', console_), h('section', { class: 'docs-panel page' }, heading, content));
}

function showApi() {
  const { SwaggerUIBundle } = /** @type {any} */ (globalThis);
  SwaggerUIBundle({
    url: '/openapi.json',
    dom_id: '#api',
    deepLinking: true,
    docExpansion: 'list',
    defaultModelsExpandDepth: -1,
    displayRequestDuration: true,
    filter: true,
    persistAuthorization: false,
    requestSnippetsEnabled: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    layout: 'BaseLayout',
    requestInterceptor: withToken,
  });
}

const retitle = () => {
  document.title = t('docs.title');
};

async function start() {
  await initTexts();
  onLanguage(retitle);
  retitle();
  onSignedOut(showSignIn);
  showApi();
  setInterval(() => accessToken() && refresh().catch(() => false), RENEW_MS);
  try {
    if (await refresh()) await showSignedIn();
    else showSignIn();
  } catch {
    showSignIn();
  }
}

start();
