/** Small cases of the viewer's parts; each exported function throws when something is wrong. */

import { Reader, fromBase64, fromHex, lp, same, toBase64url, toHex } from '/web/core/bytes.js';
import { ZstdStream } from '/web/core/decoder/zstd.js';
import { Epochs } from '/web/core/epochs.js';
import { Freshness } from '/web/core/freshness.js';
import { Delivery, Flag, Stream, header, joinFrame, pack, splitFrame, unpack } from '/web/core/header.js';
import { keysymOf } from '/web/core/keysyms.js';
import * as control from '/web/core/messages/control.js';
import { pieces } from '/web/core/messages/input.js';
import { Newest, OrderedIn, OrderedOut } from '/web/core/ordered.js';
import { Pair } from '/web/core/pair.js';
import { BLIND, HOLD, PictureStream, SYNC } from '/web/core/pictures.js';
import { notches, placeOn } from '/web/core/pointer.js';
import { connectUrl } from '/web/core/relay.js';
import { Sealer } from '/web/core/seal.js';
import { Stateful } from '/web/core/state.js';
import { Tickets } from '/web/core/tickets.js';

function check(condition, what) {
  if (!condition) throw new Error(what);
}

function equal(found, expected, what) {
  check(JSON.stringify(found) === JSON.stringify(expected), `${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
}

function refuses(action, slug, what) {
  try {
    action();
  } catch (error) {
    return equal(error.slug, slug, what);
  }
  throw new Error(`${what} was accepted`);
}

// ---- bytes and frames

export function bytesRoundTrip() {
  const data = crypto.getRandomValues(new Uint8Array(77));
  check(same(fromBase64(toBase64url(data)), data), 'base64url');
  check(same(fromHex(toHex(data)), data), 'hex');
  check(!same(data, data.slice(1)), 'another length');
  equal(toHex(lp('a', Uint8Array.of(2))), '00000001610000000102', 'lp');
  refuses(() => fromBase64('%%%'), 'protocol', 'not base64');
  refuses(() => fromHex('0g'), 'protocol', 'not hex');
}

export function framesCutAnywhere() {
  const message = pack(header({ kind: 1, stream: 2, sender: 1 }));
  const frame = joinFrame([message, message]);
  equal(splitFrame(frame).length, 2, 'messages');
  for (let cut = 0; cut < frame.length; cut++) {
    if (cut === frame.length / 2) continue;
    refuses(() => splitFrame(frame.subarray(0, cut)), 'protocol', `frame cut at ${cut}`);
  }
  refuses(() => splitFrame(new Uint8Array(256 * 1024 + 1)), 'too-large', 'a frame over its limit');
  refuses(() => splitFrame(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0)), 'too-large', 'a message over its limit');
}

export function readerNeverReadsPastTheEnd() {
  const reader = new Reader(Uint8Array.of(5, 1, 2));
  refuses(() => reader.lp8(), 'protocol', 'a length that lies');
}

export function controlMessagesAreChecked() {
  const encoded = (value) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
  for (const bad of ['nope', '[]', 'null', '{"type":1}', '{}']) refuses(() => control.decode(encoded(bad)), 'protocol', bad);
  refuses(() => control.decode(new Uint8Array(33 * 1024)), 'too-large', 'a long message');
  const secret = btoa(String.fromCharCode(...new Uint8Array(32)));
  equal(control.epochOf({ type: 'epoch', epoch: 7, secret }).epoch, 7, 'epoch');
  for (const epoch of [0, -1, 1.5, 2 ** 32, '7', null]) refuses(() => control.epochOf({ type: 'epoch', epoch, secret }), 'protocol', `epoch ${epoch}`);
  refuses(() => control.epochOf({ type: 'epoch', epoch: 1, secret: 'AAAA' }), 'protocol', 'a short secret');
  equal(control.textOf('a\u0007b\u202e', ''), 'ab', 'control characters');
}

// ---- the picture stream

const part = (fields) => ({ picture: 1, group: 1, index: 0, base: 0, part: 0, parts: 1, ...fields });
const DATA = Uint8Array.of(1);

function take(stream, kind, fields, epoch = 1) {
  return stream.take({ kind, epoch }, part(fields), DATA);
}

function inSync() {
  const stream = new PictureStream();
  take(stream, Flag.CATCHUP, { picture: 5, group: 2 });
  equal([stream.state, stream.picture, stream.group, stream.index], [SYNC, 5, 2, 0], 'after the catch-up');
  return stream;
}

export function blindTakesOnlyCatchUps() {
  const stream = new PictureStream();
  check(!take(stream, Flag.GROUP, { picture: 1 }).usable, 'a group does not end blindness');
  equal(stream.state, BLIND, 'state');
  check(!take(stream, Flag.CATCHUP, { picture: 5, parts: 2 }).picture, 'half a catch-up');
  equal(stream.progress, { receiving: 5, parts: 1 }, 'progress');
  const { picture } = take(stream, Flag.CATCHUP, { picture: 5, part: 1, parts: 2 });
  equal([picture.number, picture.catchup, picture.first, picture.data.length], [5, true, true, 2], 'picture');
}

export function syncFollowsGroupsAndIndices() {
  const stream = inSync();
  check(take(stream, Flag.GROUP, { picture: 6, group: 2, base: 5 }).picture.first, 'group 2');
  check(!take(stream, 0, { picture: 7, group: 2, index: 1, base: 6 }).picture.first, 'index 1');
  check(take(stream, Flag.GROUP, { picture: 8, group: 9, base: 7 }, 2).picture.first, 'a new group in a new epoch');
  check(take(stream, 0, { picture: 9, group: 9, index: 1, base: 8 }, 2).picture, 'and on');
}

export function anythingMissingHoldsThePicture() {
  const cases = {
    'another base': [[0, { picture: 7, group: 2, index: 0, base: 6 }]],
    'another index': [[Flag.GROUP, { picture: 6, group: 2, base: 5 }], [0, { picture: 8, group: 2, index: 2, base: 6 }]],
    'another group': [[Flag.GROUP, { picture: 6, group: 2, base: 5 }], [0, { picture: 7, group: 3, index: 1, base: 6 }]],
    'a part left out': [[Flag.GROUP, { picture: 6, group: 2, base: 5, parts: 3 }], [Flag.GROUP, { picture: 6, group: 2, base: 5, part: 2, parts: 3 }]],
    'a picture cut off': [[Flag.GROUP, { picture: 6, group: 2, base: 5, parts: 2 }], [0, { picture: 7, group: 2, index: 1, base: 6 }]],
    'a flag that lies': [[0, { picture: 6, group: 2, base: 5 }]],
  };
  for (const [name, steps] of Object.entries(cases)) {
    const stream = inSync();
    for (const [kind, fields] of steps) take(stream, kind, fields);
    equal(stream.state, HOLD, name);
    check(!take(stream, Flag.GROUP, { picture: 20, group: 5, base: 5 }).usable, `${name}: live parts are useless then`);
    check(take(stream, Flag.CATCHUP, { picture: 21, group: 6 }).picture, `${name}: a catch-up heals`);
    equal(stream.state, SYNC, name);
  }
}

export function replayedPicturesChangeNothing() {
  const stream = inSync();
  take(stream, Flag.GROUP, { picture: 6, group: 2, base: 5 });
  check(!take(stream, Flag.GROUP, { picture: 6, group: 2, base: 5 }).usable, 'replay of a live part');
  check(!take(stream, Flag.CATCHUP, { picture: 5, group: 2 }).usable, 'replay of a catch-up');
  check(!take(stream, Flag.CATCHUP, { picture: 9, group: 2 }, 0).usable, 'a catch-up of an older epoch');
  const newer = inSync();
  check(take(newer, Flag.GROUP, { picture: 6, group: 2, base: 5 }, 3).picture, 'a newer epoch');
  check(!take(newer, Flag.GROUP, { picture: 7, group: 3, base: 6 }, 2).usable, 'a live part of an older epoch');
  equal([newer.state, newer.picture, newer.epoch], [SYNC, 6, 3], 'nor does that');
  equal([stream.state, stream.picture], [SYNC, 6], 'unchanged');
  check(take(stream, Flag.CATCHUP, { picture: 8, group: 3 }).picture, 'a newer catch-up is taken in step as well');
}

export function aLostConnectionHolds() {
  const stream = inSync();
  take(stream, Flag.GROUP, { picture: 6, group: 2, base: 5, parts: 2 });
  stream.lost();
  equal([stream.state, stream.progress.parts], [HOLD, 0], 'state');
}

// ---- ordered, latest, keys

export function orderedTakesTheNextOnly() {
  const incoming = new OrderedIn();
  const content = (generation) => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, generation, 7);
  check(incoming.take(2, content(2)) === null, 'ahead');
  equal([...incoming.take(2, content(1))], [7], 'the next');
  check(incoming.take(2, content(1)) === null, 'known');
  equal([...incoming.take(3, content(1))], [7], 'another stream counts for itself');
}

export function orderedKeepsUntilAcknowledged() {
  const out = new OrderedOut();
  for (let n = 0; n < 3; n++) out.push(3, new Uint8Array(100 * 1024));
  const items = [out.next(), out.next(), out.next()];
  check(items.every(Boolean) && out.next() === null && out.full, 'three fit the window');
  items.forEach((item, n) => (item.message = Uint8Array.of(n)));
  out.push(3, Uint8Array.of(1));
  check(out.next() === null, 'the window is full');
  out.acknowledge(new Map([[3, 2n]]));
  equal(out.unacknowledged().map((m) => m[0]), [2], 'what is sent again');
  equal(Number(out.next().generation), 4, 'generation');
  refuses(() => out.push(3, new Uint8Array(9 * 2 ** 20)), 'too-large', 'more than 8 MiB');
}

export function newestTakesOnlyNewer() {
  const newest = new Newest();
  const of = (epoch, seq, slot = 0) => newest.take({ stream: 17, slot, epoch, seq: BigInt(seq) });
  equal([of(1, 5), of(1, 5), of(1, 4), of(1, 6), of(2, 0), of(1, 9), of(1, 1, 3)], [true, false, false, true, true, false, true], 'taken');
}

export async function epochsKeepTheOldKeyUntilTheFirstLivePicture() {
  const secrets = [1, 2, 3].map((n) => new Uint8Array(32).fill(n));
  const epochs = new Epochs(1);
  await epochs.add(1, secrets[0]);
  await epochs.add(2, secrets[1]);
  const sealers = await Promise.all([1, 2].map((n) => Sealer.from(secrets[n - 1], n, 1)));
  const message = async (sealer, kind) => {
    const fields = header({ kind, stream: 32, sender: 1, epoch: sealer.number });
    return [fields, await sealer.seal(fields, DATA)];
  };
  check(await epochs.open(...(await message(sealers[0], 3))), 'the old key still opens');
  check(await epochs.open(...(await message(sealers[1], 3 | Flag.CATCHUP))), 'a catch-up of the new one');
  check(await epochs.open(...(await message(sealers[0], 3))), 'does not end the old one');
  check(await epochs.open(...(await message(sealers[1], 3))), 'a live picture of the new one');
  check((await epochs.open(...(await message(sealers[0], 3)))) === null, 'does');
}

export async function evilMessagesOfAnotherClassStreamOrSlotAreDroppedUnopened() {
  const secret = new Uint8Array(32).fill(7);
  const epochs = new Epochs(1);
  await epochs.add(4, secret);
  const association = { number: 4, viewerToHost: secret, hostToViewer: secret };
  const pair = await Pair.from(association, 2, 1, () => {});
  const sealer = await Sealer.from(secret, 4, 1);
  const content = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 9);
  const opened = async (from, kind, stream, recipient, slot = 0) => {
    const message = await sealer.seal(header({ kind, stream, sender: 1, recipient, slot }), content);
    return (await from.open(unpack(message), message)) !== null;
  };
  const { CONTROL, INPUT, FEEDBACK, BEACON, SCREEN, RECORDING } = Stream;
  const { ORDERED, LATEST, FRAME } = Delivery;
  for (const [kind, stream] of [[LATEST, CONTROL], [ORDERED, FEEDBACK], [ORDERED, INPUT], [LATEST, BEACON], [FRAME, SCREEN]]) {
    check(!(await opened(pair, kind, stream, 2)), `pairwise, class ${kind} on stream ${stream}`);
  }
  for (const [kind, stream] of [[FRAME, BEACON], [LATEST, SCREEN], [ORDERED, CONTROL], [LATEST, FEEDBACK], [ORDERED, RECORDING]]) {
    check(!(await opened(epochs, kind, stream, 0)), `for all, class ${kind} on stream ${stream}`);
  }
  check(!(await opened(pair, LATEST, FEEDBACK, 2, 256)) && !(await opened(epochs, LATEST, BEACON, 0, 256)), 'a slot over its limit');
  check((await opened(pair, LATEST, FEEDBACK, 2, 255)) && (await opened(epochs, LATEST, BEACON, 0, 255)), 'the last slot');
  check((await opened(pair, ORDERED, CONTROL, 2)) && (await opened(epochs, FRAME, SCREEN, 0)), 'what fits');
}

export async function evilForgeriesAreCountedPerKeyAndForgivenOnANewConnection() {
  const secret = new Uint8Array(32).fill(7);
  const pair = await Pair.from({ number: 4, viewerToHost: secret, hostToViewer: secret }, 2, 1, () => {});
  const epochs = new Epochs(1);
  await epochs.add(4, secret);
  const cases = [[pair, header({ kind: 2, stream: Stream.FEEDBACK, sender: 1, recipient: 2, epoch: 4 })], [epochs, header({ kind: 3, stream: Stream.SCREEN, sender: 1, epoch: 4 })]];
  for (const [keys, fields] of cases) {
    const message = new Uint8Array([...pack(fields), ...new Uint8Array(40)]);
    for (let n = 0; n < 64; n++) equal(await keys.open(fields, message).catch((error) => error.slug), 'forged', 'a forgery');
    check(!keys.broken, '64 are borne');
    await keys.open(fields, message).catch(() => undefined);
    check(keys.broken, 'one more is not');
    keys.forgive();
    check(!keys.broken, 'a new connection');
  }
}

export async function aSequenceIsNeverUsedTwice() {
  const sealer = await Sealer.from(new Uint8Array(32), 1, 2);
  const fields = header({ kind: 1, stream: 3, sender: 2 });
  const seen = new Set();
  const sealing = Array.from({ length: 1000 }, () => sealer.seal(fields, DATA)); // all at once: numbers are taken in order
  for (const message of await Promise.all(sealing)) seen.add(toHex(message.subarray(16, 24)));
  equal(seen.size, 1000, 'numbers');
  equal(Number(unpack(await sealer.seal(fields, DATA)).seq), 1000, 'the next one');
  equal(Object.keys(sealer).includes('key'), false, 'the key is not at hand to seal otherwise');
  refuses(() => sealer.seal(fields, new Uint8Array(70_000)), 'too-large', 'content over its limit');
}

// ---- age of the picture

const said = (counter, ms, picture) => ({ counter, ms: BigInt(ms), picture });

export function theAgeOfThePictureIsKnown() {
  const fresh = new Freshness();
  fresh.begin(0);
  fresh.beacon(said(1, 500, 1), 1_000, true);
  fresh.part(1_100);
  fresh.draw(1, 1_200, true);
  equal([fresh.age(1_500), fresh.stale(1_500), fresh.wanting(1_500)], [300, false, false], 'current');
  fresh.beacon(said(2, 1_500, 1), 2_000, true);
  equal(fresh.age(2_000), 0, 'still current');
  fresh.beacon(said(3, 2_500, 2), 3_000, true);
  equal([fresh.age(5_500), fresh.stale(5_500), fresh.wanting(5_500)], [3_500, true, true], 'behind');
  fresh.part(5_600);
  check(!fresh.wanting(5_700), 'a part came');
  check(!fresh.silent(17_000, false) && fresh.silent(20_601, false) && fresh.silent(18_001, true), 'silence');
}

export function staleReplaysAndDelaysCountAsAge() {
  const fresh = new Freshness();
  fresh.begin(0);
  fresh.draw(1, 0, true);
  for (let n = 1; n <= 5; n++) fresh.beacon(said(n, n * 1_000, 1), n * 1_000 + 20, true);
  equal(fresh.age(5_020), 0, 'current');
  fresh.beacon(said(3, 3_000, 1), 9_000, true);
  equal(fresh.age(9_000), 3_980, 'a beacon from before');
  fresh.beacon(said(6, 6_000, 1), 10_000, true);
  equal(Math.round(fresh.age(10_000)), 3_979, 'held back for four seconds');
  check(fresh.stale(10_000), 'which is old');
  fresh.beacon(said(7, 11_000, 1), 11_021, true);
  check(fresh.age(11_021) < 5, 'current again');
  fresh.beacon(said(8, 12_000, 1), 12_021, false);
  check(fresh.age(12_021) >= 1_000, 'what is not vouched for does not count');
}

// ---- zstd

const HEAD = '28b52ffd';

export function zstdHeadersAreBounded() {
  const push = (hex) => () => new ZstdStream().push(fromHex(hex), () => {});
  refuses(push(`${HEAD}0058`), 'picture', 'a window of 2 MiB');
  refuses(push(`${HEAD}00ff`), 'picture', 'the largest window');
  refuses(push(`${HEAD}0150070000`), 'picture', 'a dictionary');
  refuses(push(`${HEAD}a000000080`), 'picture', 'one segment of 2 GiB');
  refuses(push(`${HEAD}`), 'picture', 'half a header');
  refuses(push('502a4d18'), 'picture', 'a skippable frame');
  refuses(push(`${HEAD}0050ffffff`), 'picture', 'a block over its limit');
  refuses(push(`${HEAD}0050080000`), 'picture', 'half a block');
}

export function zstdStreamsDoNotGoOnAfterTheirEnd() {
  const out = [];
  const stream = new ZstdStream();
  stream.push(fromHex(`${HEAD}0050090000aa`), (chunk) => out.push(...chunk));
  equal(out, [0xaa], 'the last block');
  refuses(() => stream.push(fromHex('080000bb'), () => {}), 'picture', 'more after the end');
  refuses(() => new ZstdStream().push(fromHex(`${HEAD}0050090000aa080000bb`), () => {}), 'picture', 'more in one piece');
}

export function shortFirstPiecesComeOutAtOnce() {
  const out = [];
  const stream = new ZstdStream();
  for (const piece of [`${HEAD}0050080000aa`, '080000bb', '', '100000ccdd']) stream.push(fromHex(piece), (chunk) => out.push(...chunk));
  equal(out, [0xaa, 0xbb, 0xcc, 0xdd], 'bytes');
}

// ---- what people are shown

export function lyingPartiesDoNotEndUnproved() {
  const session = new Stateful();
  session.set({ phase: 'live', connected: true });
  session.set({ phase: 'unproved' });
  for (const phase of ['live', 'confirm', 'digits', 'resuming', 'waiting']) session.set({ phase, present: true });
  equal([session.state.phase, session.state.present], ['unproved', true], 'whatever comes');
  session.restart();
  equal(session.state.phase, 'waiting', 'the operator decides');
  session.set({ phase: 'over' });
  session.set({ phase: 'live' });
  session.restart();
  equal(session.state.phase, 'over', 'over is over');
}

// ---- input

export function keysymsOfKeys() {
  const cases = [
    [{ key: 'a', location: 0 }, 0x61],
    [{ key: 'ä', location: 0 }, 0xe4],
    [{ key: '€', location: 0 }, 0x010020ac],
    [{ key: '日', location: 0 }, 0x010065e5],
    [{ key: '😀', location: 0 }, 0x0101f600],
    [{ key: 'Enter', location: 0 }, 0xff0d],
    [{ key: 'Enter', location: 3 }, 0xff8d],
    [{ key: '7', location: 3 }, 0xffb7],
    [{ key: 'Shift', location: 1 }, 0xffe1],
    [{ key: 'Shift', location: 2 }, 0xffe2],
    [{ key: 'F12', location: 0 }, 0xffc9],
    [{ key: 'Dead', location: 0 }, 0],
    [{ key: 'Process', location: 0 }, 0],
    [{ key: 'CapsLock', location: 1 }, 0],
    [{ key: 'ZenkakuHankaku', location: 0 }, 0xff2a],
  ];
  for (const [event, expected] of cases) equal(keysymOf(event), expected, event.key);
}

export function longTextIsCutBetweenCharacters() {
  const text = '日本語😀'.repeat(700);
  const found = pieces(text);
  equal(found.join(''), text, 'nothing lost');
  check(found.length > 1 && found.every((piece) => new TextEncoder().encode(piece).length <= 4096), 'sizes');
  equal(pieces(''), [], 'nothing');
}

export function placesAreScaledAndKeptInside() {
  const box = { left: 10, top: 20, width: 500, height: 250 };
  const picture = { width: 1000, height: 500 };
  const at = (clientX, clientY) => Object.values(placeOn({ clientX, clientY }, box, picture));
  equal(at(10, 20), [0, 0], 'corner');
  equal(at(260, 145), [500, 250], 'middle');
  equal(at(510, 270), [999, 499], 'edge');
  equal(at(-50, 9999), [0, 499], 'outside');
  equal(Object.values(placeOn({ clientX: 5, clientY: 5 }, { left: 0, top: 0, width: 0, height: 0 }, picture)), [999, 499], 'no room');
}

export function wheelsCountInNotches() {
  equal(notches({ deltaMode: 0, deltaY: 100, wheelDeltaY: -120 }, 'Y'), 120, 'a notch of Chromium');
  equal(notches({ deltaMode: 1, deltaY: -3 }, 'Y'), -120, 'three lines of Firefox');
  equal(notches({ deltaMode: 2, deltaY: 1 }, 'Y'), 360, 'a page');
  equal(notches({ deltaMode: 0, deltaX: 7 }, 'X'), 7, 'a touch pad');
}

// ---- relays and tickets

export function relayAddressesAreChecked() {
  equal(connectUrl('wss://relay.example:7615'), 'wss://relay.example:7615/v1/connect', 'address');
  refuses(() => connectUrl('https://evil.example'), 'protocol', 'another kind of address');
}

export async function theFirstTicketIsUsedOnce() {
  const claims = btoa(JSON.stringify({ jti: 'a', first: 'a', aud: 'rel_1' }));
  const grant = { ticket: `x.${claims}.y`, resume_ticket: 'resume', participant: { sender: 2 }, relays: [{ id: 'rel_1' }, { id: 'rel_2' }] };
  const source = { ticket: async () => grant, resume: async () => ({ resume_ticket: 'next', relays: [] }) };
  const tickets = new Tickets(source, grant);
  equal([tickets.for('rel_2'), tickets.for('rel_1'), tickets.for('rel_1')], ['resume', grant.ticket, 'resume'], 'tickets');
  await tickets.renew();
  equal([tickets.for('rel_1'), tickets.relays.length], ['next', 2], 'renewed');
}
