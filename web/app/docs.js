/** The API's documentation: Swagger UI from our own server, with a sign-in panel of ours after which 'Try it out' works. */

import { accessToken, call, onSignedOut, refresh, signOut } from './lib/api.js';
import { h, topBar } from './lib/dom.js';
import { initTexts, onLanguage, t } from './lib/i18n.js';
import { signInFlow } from './signin/flow.js';

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
  const box = h('div', { class: 'docs-steps' });
  put(box);
  signInFlow(box, showSignedIn, { lead: 'docs.lead', compact: true });
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
    docExpansion: 'none',
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
