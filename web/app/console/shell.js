/** The frame around every page: the bar on top, and where one can go. On a phone the places open from a button. */

import { h, topBar } from '../lib/dom.js';
import { icon } from '../lib/icons.js';
import { link } from '../lib/list.js';

/**
 * A place of the console. Without `needs` everybody sees it; `office` ones are for administrators and auditors.
 * @typedef {{path: string, name: string, icon: string, needs?: string, office?: boolean}} Place
 */

/** @type {Place[]} */
const PLACES = [
  { path: '/console', name: 'sessions', icon: 'sessions', needs: 'sessions:read' },
  { path: '/console/queue', name: 'queue', icon: 'queue', needs: 'sessions:write' },
  { path: '/console/devices', name: 'devices', icon: 'devices', needs: 'devices:read' },
  { path: '/console/history', name: 'history', icon: 'history', needs: 'reports:read' },
  { path: '/console/operators', name: 'operators', icon: 'operators', needs: 'operators:read', office: true },
  { path: '/console/policies', name: 'policies', icon: 'policies', needs: 'policies:read', office: true },
  { path: '/console/access', name: 'access', icon: 'access', needs: 'policies:read', office: true },
  { path: '/console/organization', name: 'organization', icon: 'organization', needs: 'organization:read', office: true },
  { path: '/console/api-keys', name: 'keys', icon: 'keys', needs: 'api-keys:read', office: true },
  { path: '/console/customers', name: 'customers', icon: 'customers', needs: 'customers:read', office: true },
  { path: '/console/holds', name: 'holds', icon: 'holds', needs: 'holds:read', office: true },
  { path: '/console/log', name: 'log', icon: 'log', needs: 'audit:read', office: true },
];
const OWN = { path: '/console/security', name: 'security', icon: 'security' };

/**
 * @param {import('../console.js').Console} context
 * @param {() => void} leave sign out
 * @param {HTMLElement} main
 */
export function shell(context, leave, main) {
  const { me, go } = context;
  const nav = places(context);
  const menu = h('button', { type: 'button', class: 'plain menu-button', popovertarget: nav.id, tAttr: { 'aria-label': 'console.menu' } }, icon('menu'));
  const who = h('span', { class: 'soft small who' }, `${me.operator.name} · ${me.organisation.name}`);
  const out = h('button', { type: 'button', class: 'plain', t: 'console.sign_out', onclick: leave });
  const bar = topBar('/console', who, out);
  bar.prepend(menu);
  const brand = /** @type {HTMLAnchorElement} */ (bar.querySelector('.brand'));
  brand.addEventListener('click', (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go('/console');
  });
  return [skip(), bar, h('div', { class: 'shell' }, nav, main)];
}

/** By keyboard the places need not be passed on every page. */
function skip() {
  const jump = (/** @type {Event} */ event) => {
    event.preventDefault();
    document.getElementById('main')?.focus();
  };
  return h('a', { class: 'skip', href: '#main', t: 'console.skip', onclick: jump });
}

/** @param {import('../console.js').Console} context */
function places(context) {
  const seen = PLACES.filter(({ needs, office }) => (!needs || context.may(needs)) && (!office || context.me.operator.role !== 'operator'));
  const nav = h('nav', { id: 'places', class: 'places', popover: 'auto', tAttr: { 'aria-label': 'console.places' } });
  const item = (/** @type {Place} */ place) => h('li', {}, placeLink(context, place, nav));
  const daily = seen.filter(({ office }) => !office);
  const office = seen.filter((place) => place.office);
  nav.append(
    h('ul', {}, ...daily.map(item)),
    office.length ? h('p', { class: 'soft small places-title', id: 'office', t: 'console.places.office' }) : '',
    office.length ? h('ul', { 'aria-labelledby': 'office' }, ...office.map(item)) : '',
    h('ul', { class: 'places-own' }, item(OWN)),
  );
  return nav;
}

/** @param {import('../console.js').Console} context @param {Place} place @param {HTMLElement} nav */
function placeLink({ go }, place, nav) {
  const path = location.pathname.replace(/\/$/, '');
  const sessions = place.path === '/console' && path.startsWith('/console/sessions');
  const here = path === place.path || sessions || (place.path !== '/console' && path.startsWith(`${place.path}/`));
  const follow = (/** @type {string} */ to) => {
    if (nav.matches(':popover-open')) nav.hidePopover();
    go(to);
  };
  const element = link(place.path, follow, icon(place.icon), h('span', { t: `console.place.${place.name}` }));
  element.classList.add('place');
  if (here) element.setAttribute('aria-current', 'page');
  return element;
}
