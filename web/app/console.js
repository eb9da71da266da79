/** The operator's console: decides which view the address and the sign-in ask for. */

import { takeLinkSecret } from './console/link.js';
import { openPage } from './console/pages.js';
import { sessionView } from './console/session.js';
import { shell } from './console/shell.js';
import { Cancelled, call, explain, onSignedOut, onStepUp, refresh, signOut } from './lib/api.js';
import { h, messageBox, topBar } from './lib/dom.js';
import { hasText, initTexts, onLanguage, t } from './lib/i18n.js';
import { enterByLink } from './signin/enter.js';
import { invitationInAddress, invitationView } from './signin/invitation.js';
import { askAgain } from './signin/step_up.js';
import { signInView } from './signin/view.js';
import { forgetAll } from '../core/resume_store.js';

/**
 * A view: its elements, and what to do when it goes. `bare` views bring their own top bar.
 * @typedef {{element: HTMLElement, title: string, bare?: boolean, close?: () => void}} View
 *
 * What every view may use.
 * @typedef {object} Console
 * @property {Me} me
 * @property {(scope: string) => boolean} may whether the reader may do what the scope names
 * @property {(path: string) => void} go to another address of the console
 * @property {(session: any) => void} show a session whose body is at hand
 * @property {() => void} again show the present address anew
 *
 * Who is signed in, as `GET /v1/me` says it.
 * @typedef {{operator: any, organisation: any, scopes: string[]}} Me
 */

const root = /** @type {HTMLElement} */ (document.getElementById('console'));
/** @type {View | null} */
let shown = null;
/** @type {any} */
let me = null;
/** Counts navigations, so that a slow one does not overwrite a later one. */
let turn = 0;

/** @param {View} view */
function show(view) {
  shown?.close?.();
  shown = view;
  const main = h('main', { id: 'main', tabindex: '-1' }, view.element);
  root.replaceChildren(...(view.bare ? [main] : me ? shell(context(), leave, main) : [topBar('/console'), main]));
  // People who cannot see the page are taken to what is new on it.
  /** @type {HTMLElement} */ (main.querySelector('[data-focus]') ?? main).focus({ preventScroll: true });
  retitle();
}

function retitle() {
  if (shown) document.title = `${t(shown.title)} – Tasuki`;
}

/** @returns {Console} */
function context() {
  return { me, may: (scope) => me.scopes.includes(scope), go, show: showSession, again: () => route() };
}

async function leave() {
  await signOut().catch(() => undefined);
  await forgetAll().catch(() => undefined);
  sessionStorage.clear();
  // Whoever signs in next begins at the beginning; after a sign-in that ran out one comes back to where one was.
  history.pushState(null, '', '/console');
  askToSignIn();
}

function askToSignIn() {
  me = null;
  turn += 1;
  show(signInView(() => route()));
}

/** @param {string} path */
function go(path) {
  history.pushState(null, '', path);
  route().then(() => scrollTo(0, 0));
}

/** Show what the address names. @param {any} [session] its body, when it is at hand */
async function route(session) {
  const mine = ++turn;
  try {
    me ??= await call('GET', '/v1/me');
    const view = await (session ? sessionView(context(), session) : openPage(context(), location.pathname));
    if (mine === turn) show(view);
    else view.close?.();
  } catch (error) {
    if (mine === turn && !(error instanceof Cancelled)) show(problemView(error));
  }
}

/** @param {any} session */
function showSession(session) {
  const path = `/console/sessions/${session.id}`;
  if (location.pathname !== path) history.pushState(null, '', path);
  route(session);
}

/** @param {unknown} error @returns {View} */
function problemView(error) {
  const box = messageBox();
  box.show(...explain(error, hasText));
  const again = h('button', { type: 'button', class: 'primary', t: 'app.try_again', onclick: () => route() });
  const back = h('button', { type: 'button', t: 'console.all_sessions', onclick: () => go('/console') });
  const element = h('div', { class: 'page narrow stack' }, box.element, h('div', { class: 'row' }, again, back));
  return { element, title: 'console.title' };
}

/** Browsers keep their cryptography from pages that came over plain http. @returns {View} */
function insecureView() {
  const element = h('p', { class: 'page narrow notice warn', role: 'alert', t: 'app.insecure' });
  return { element, title: 'console.title' };
}

async function start() {
  takeLinkSecret();
  await initTexts();
  onLanguage(retitle);
  if (!isSecureContext) return show(insecureView());
  onSignedOut(askToSignIn);
  onStepUp(askAgain);
  addEventListener('popstate', () => route());
  const invitation = invitationInAddress();
  if (invitation) return show(invitationView(invitation, () => go('/console')));
  try {
    if ((await enterByLink()) || (await refresh())) await route();
    else askToSignIn();
  } catch (error) {
    show(problemView(error));
  }
}

start();
