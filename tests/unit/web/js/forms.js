/** Cases of forms, of the policy editor and of step-up; each exported function throws when something is wrong. */

import { ApiError, Cancelled, call, onStepUp, signIn, stepUp } from '/web/app/lib/api.js';
import { h } from '/web/app/lib/dom.js';
import { choices, form, input, labelled, linesInput, select, several, toggle, valuesOf } from '/web/app/lib/form.js';
import { initTexts } from '/web/app/lib/i18n.js';
import { memberRow } from '/web/app/console/admin/member_editor.js';
import { MEMBERS, valueText } from '/web/app/console/admin/members.js';
import { deviceOf } from '/web/app/console/sign_ins.js';

function equal(found, expected, what) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`);
}

export function valuesAreWhatTheApiWants() {
  const element = h(
    'form',
    {},
    input('name', { value: '  Bob  ' }),
    input('email', { as: 'optional', value: '  ' }),
    input('settings.lock.failures', { as: 'number', value: '3' }),
    input('settings.max', { as: 'number', value: '' }),
    input('max_session_seconds', { as: 'minutes', value: '1.5' }),
    input('password', { as: 'secret', value: ' kept as typed ' }),
    input('off', { value: 'x', disabled: true }),
    linesInput('settings.networks', ['192.0.2.0/24', '2001:db8::/32']),
    select('role', [{ value: 'a', text: 'A' }, { value: 'b', text: 'B' }], 'b'),
    toggle('flag', 'app.copy', true),
    choices('mode', 'app.copy', [{ value: 'view', label: 'app.copy' }, { value: 'control', label: 'app.copy' }], 'control'),
    several('scopes', 'app.copy', ['x', 'y', 'z'].map((value) => ({ value, label: 'app.copy' })), ['x', 'z']),
    several('none', 'app.copy', [{ value: 'x', label: 'app.copy' }], []),
  );
  equal(
    valuesOf(element),
    {
      name: 'Bob',
      email: null,
      settings: { lock: { failures: 3 }, max: null, networks: ['192.0.2.0/24', '2001:db8::/32'] },
      max_session_seconds: 90,
      password: ' kept as typed ',
      role: 'b',
      flag: true,
      mode: 'control',
      scopes: ['x', 'z'],
      none: [],
    },
    'values',
  );
}

export async function troubleIsSaidWhereItBelongs() {
  await initTexts();
  const errors = [
    { pointer: '#/settings/networks/0', detail: 'no network' },
    { pointer: '#/elsewhere', detail: 'something else' },
  ];
  const act = async () => {
    throw new ApiError(422, { slug: 'invalid', detail: 'x', errors });
  };
  const control = linesInput('settings.networks', ['x']);
  const element = form({ submit: 'app.copy', act }, labelled('app.copy', control));
  document.body.replaceChildren(element);
  element.requestSubmit();
  await new Promise((resolve) => setTimeout(resolve));
  equal(control.getAttribute('aria-invalid'), 'true', 'the control is marked');
  equal(control.parentElement?.querySelector('.fault')?.textContent, 'no network', 'beside it');
  equal(element.querySelector('[role=alert].notice')?.textContent?.includes('elsewhere: something else'), true, 'the rest above the button');
  equal(document.activeElement === control, true, 'the control has the focus');
}

/** One value of each member that says something. */
const SAID = {
  modes: ['view', 'share'],
  max_session_seconds: 1800,
  idle_seconds: 90,
  max_bytes_per_second: 5_000_000,
  chat: false,
  recording: 'required',
  verification: 'digits',
  store_device_identifiers: false,
  applications: { allow: null, deny: ['keepass'] },
  networks: ['192.0.2.0/24'],
  hours: [
    { time_zone: 'Asia/Tokyo', windows: [{ days: ['monday'], begin: '22:00', end: '06:00' }] },
    { time_zone: 'Europe/Vienna', windows: [{ days: ['sunday'], begin: '00:00', end: '24:00' }] },
  ],
};

export async function aPolicyIsSavedAsItWasRead() {
  await initTexts();
  for (const member of MEMBERS.values()) {
    const said = SAID[member.name] ?? (member.kind === 'flag' ? true : 'ask');
    equal(memberRow(member, said, false).read(), said, member.name);
    equal(memberRow(member, null, false).read(), undefined, `${member.name} not set`);
    for (const value of [said, member.widest]) {
      const text = valueText(member.name, value);
      equal(!text || text.startsWith('console.') || text.includes('{'), false, `${member.name} in words: ${text}`);
    }
  }
}

export async function whatIsOnlyToBeSeenCannotBeChanged() {
  await initTexts();
  for (const member of MEMBERS.values()) {
    const { element } = memberRow(member, SAID[member.name] ?? null, true);
    equal(element.querySelectorAll(':is(input, select, textarea, button):not(:disabled)').length, 0, member.name);
  }
}

/** The server, as far as these cases need one. @param {(path: string, token: string | null) => [number, unknown]} answer */
async function withServer(answer, run) {
  const [real, asked] = [globalThis.fetch, []];
  globalThis.fetch = async (path, { headers }) => {
    const token = headers.Authorization ?? null;
    asked.push(`${path} ${token ?? ''}`.trim());
    const [status, body] = answer(path, token);
    return new Response(JSON.stringify(body), { status });
  };
  try {
    await signIn('acme/alice', 'x');
    asked.length = 0;
    return await run(asked);
  } finally {
    globalThis.fetch = real;
  }
}

const tokens = (access_token) => ({ access_token, expires_in: 600 });
const NEEDED = [403, { slug: 'step-up-required', detail: 'prove it', methods: ['password'] }];

function careful(path, token) {
  if (path === '/v1/auth/token') return [200, tokens('old')];
  if (path === '/v1/auth/step-up') return [200, tokens('fresh')];
  return token === 'Bearer fresh' ? [200, { done: path }] : NEEDED;
}

export function anActThatNeedsAProofIsRepeatedAndTwoAskOnce() {
  return withServer(careful, async (asked) => {
    onStepUp(() => stepUp({ password: 'x' }));
    const both = await Promise.all([call('POST', '/v1/a'), call('POST', '/v1/b')]);
    equal(both, [{ done: '/v1/a' }, { done: '/v1/b' }], 'both were done');
    equal(asked.filter((line) => line.startsWith('/v1/auth/step-up')), ['/v1/auth/step-up Bearer old'], 'asked once');
    equal(asked.slice(-2).sort(), ['/v1/a Bearer fresh', '/v1/b Bearer fresh'], 'repeated with the new token');
  });
}

export function whoeverCancelsAProofHasDoneNothing() {
  return withServer(careful, async (asked) => {
    onStepUp(async () => {
      throw new Cancelled('no');
    });
    const outcome = await call('POST', '/v1/a').catch((error) => error);
    equal(outcome instanceof Cancelled, true, 'cancelled');
    equal(asked, ['/v1/a Bearer old'], 'asked once, not repeated');
  });
}

export async function browsersAreNamedAsPeopleKnowThem() {
  await initTexts();
  const agents = {
    'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0': 'Firefox, Linux',
    'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140 Safari/537.36 Edg/140': 'Edge, Windows',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605 Version/26 Mobile/15E148 Safari/604.1': 'Safari, iOS',
    'tasuki/0.1.0': 'Tasuki',
    'curl/8': 'curl/8',
  };
  for (const [agent, name] of Object.entries(agents)) equal(deviceOf(agent), name, agent);
}
