/** Runs the shared vectors of tests/vectors in the browser. One function per file; each throws on the first difference. */

import { fromHex, toHex } from '/web/core/bytes.js';
import { PictureDecoder } from '/web/core/decoder/picture.js';
import { ViewerHandshake, resumeKey } from '/web/core/handshake.js';
import { header as makeHeader, pack, unpack } from '/web/core/header.js';
import * as keys from '/web/core/keys.js';
import * as chat from '/web/core/messages/chat.js';
import * as feedback from '/web/core/messages/feedback.js';
import * as messages from '/web/core/messages/handshake.js';
import * as input from '/web/core/messages/input.js';
import * as screen from '/web/core/messages/screen.js';
import { PictureProof, Slots, openBeacon } from '/web/core/proof.js';
import { Opener, Sealer } from '/web/core/seal.js';

const PKCS8 = '302e020100300506032b656e04220420';
const BASE_POINT = `09${'00'.repeat(31)}`;

function equal(found, expected, what) {
  if (found !== expected) throw new Error(`${what}: ${found} instead of ${expected}`);
}

async function refused(action, slug, what) {
  try {
    await action();
  } catch (error) {
    if (error.slug === undefined) throw error;
    return equal(error.slug, slug, what);
  }
  throw new Error(`${what} was accepted`);
}

async function headers(vector) {
  const bytes = fromHex(vector.hex);
  if (vector.error) return refused(() => unpack(bytes), vector.error, vector.id);
  const fields = { ...vector.fields, seq: BigInt(vector.fields.seq) };
  equal(toHex(pack(makeHeader(fields))), vector.hex, 'packed');
  const found = unpack(bytes);
  for (const [name, value] of Object.entries(fields)) equal(found[name], value, name);
}

async function keySchedule(vector) {
  const secret = fromHex(vector.secret);
  if (vector.id.startsWith('expand-')) {
    const found = await keys.expand(await keys.hmacKey(secret), vector.label, fromHex(vector.context), vector.size);
    return equal(toHex(found), vector.output, 'expanded');
  }
  if (vector.id === 'record-key') return recordKey(vector, secret);
  if (vector.id === 'link-id') {
    return equal(toHex(await keys.linkId(fromHex(vector.secret), fromHex(vector.attempt))), vector.output, 'id');
  }
  if (vector.id === 'resume-id') return equal(toHex(await keys.resumeId(secret)), vector.output, 'id');
  const salts = [keys.digitsSalt, keys.linkSalt, keys.resumeSalt];
  return equal(toHex(await salts[vector.method](secret)), vector.output, 'salt');
}

/** The key itself cannot be read out: what it encrypts must be the same. */
async function recordKey(vector, secret) {
  const { key, salt } = await keys.recordKey(secret, vector.number, vector.sender);
  equal(toHex(salt), vector.salt, 'salt');
  equal(key.extractable, false, 'extractable');
  const other = await crypto.subtle.importKey('raw', fromHex(vector.key), 'AES-GCM', false, ['encrypt']);
  const sealed = (with_) => crypto.subtle.encrypt({ name: 'AES-GCM', iv: salt }, with_, new Uint8Array(3));
  equal(toHex(new Uint8Array(await sealed(key))), toHex(new Uint8Array(await sealed(other))), 'key');
}

async function pairOf(secret) {
  const key = await crypto.subtle.importKey('pkcs8', fromHex(PKCS8 + secret), 'X25519', false, ['deriveBits']);
  return { secret: key, share: await keys.exchange(key, fromHex(BASE_POINT)) };
}

async function handshakes(vector) {
  if (vector.notice !== undefined) {
    equal(messages.decode(fromHex(vector.hex)).kind, vector.notice, 'notice');
    return equal(toHex(messages.encode(messages.decode(fromHex(vector.hex)))), vector.hex, 'encoded');
  }
  if (vector.error) {
    const all = (await (await fetch('/vectors/handshake.json')).json()).vectors;
    return notBelieved(all.find(({ id }) => id === vector.of), vector.m2, vector.m4);
  }
  const viewer = await viewerOf(vector);
  equal(toHex(viewer.m1), vector.m1, 'M1');
  equal(toHex(viewer.onM2(messages.decode(fromHex(vector.m2)))), vector.m3, 'M3');
  const { m5, association } = await viewer.onM4(messages.decode(fromHex(vector.m4)));
  equal(toHex(m5), vector.m5, 'M5');
  for (const name of ['number', 'method', 'suite', 'digits']) equal(association[name], vector[name], name);
  equal(toHex(association.signer), vector.signer, 'signer');
  equal(toHex(association.hostToViewer), vector.host_to_viewer, 'host to viewer');
  equal(toHex(association.viewerToHost), vector.viewer_to_host, 'viewer to host');
  equal(toHex(association.resume.id), toHex(await keys.resumeId(fromHex(vector.resume_secret))), 'resume id');
  for (const name of ['m1', 'm2', 'm3', 'm4', 'm5']) {
    const bytes = fromHex(vector[name]);
    equal(toHex(messages.encode(messages.decode(bytes))), vector[name], `${name} again`);
    for (let cut = 0; cut < bytes.length; cut++) {
      await refused(() => messages.decode(bytes.subarray(0, cut)), 'protocol', `${name} cut at ${cut}`);
    }
  }
  for (const name of ['m2', 'm4']) {
    for (const [at, size] of Object.values(vector.fields[name])) {
      for (const byte of new Set([at, at + size - 1])) {
        const changed = fromHex(vector[name]);
        changed[byte] ^= 1;
        await notBelieved(vector, name === 'm2' ? toHex(changed) : vector.m2, name === 'm4' ? toHex(changed) : vector.m4);
      }
    }
  }
}

/** The viewer of a vector, with its randomness. */
async function viewerOf(vector) {
  const [secret, attempt, nonce, seed] = vector.viewer_entropy;
  const secrets = {
    resume: vector.resume ? await resumeKey(fromHex(vector.resume)) : undefined,
    link: vector.link ? fromHex(vector.link) : undefined,
    introduction: vector.introduction,
  };
  const parties = { statement: fromHex(vector.statement), host: vector.host, viewer: vector.viewer };
  const kem = seed ? await kemOf(fromHex(seed), vector) : null;
  const random = { attempt: fromHex(attempt), nonce: fromHex(nonce), pair: await pairOf(secret), kem };
  return ViewerHandshake.begin(parties, vector.ticket, secrets, random);
}

async function kemOf(seed, vector) {
  const [at, size] = vector.fields.m3.kem_key;
  const secret = await crypto.subtle.importKey('raw-seed', seed, 'ML-KEM-768', false, ['decapsulateBits']);
  return { secret, share: fromHex(vector.m3).subarray(at, at + size) };
}

/** Whatever is changed on its way to the viewer: it must not go on. */
async function notBelieved(vector, m2, m4) {
  const viewer = await viewerOf(vector);
  try {
    viewer.onM2(messages.decode(fromHex(m2)));
    await viewer.onM4(messages.decode(fromHex(m4)));
  } catch (error) {
    if (error.slug === undefined) throw error;
    return;
  }
  throw new Error('a changed handshake was believed');
}

async function records(vector) {
  const message = fromHex(vector.message);
  const opener = await Opener.from(fromHex(vector.secret), vector.number, vector.sender);
  if (vector.error) return refused(() => opener.open(message), vector.error, vector.id);
  equal(toHex(await opener.open(message)), vector.content, 'content');
  const sealer = await Sealer.from(fromHex(vector.secret), vector.number, vector.sender);
  const content = fromHex(vector.content);
  const fields = unpack(message);
  for (let seq = 0n; seq < fields.seq; seq++) await sealer.seal(fields, new Uint8Array());
  return equal(toHex(await sealer.seal(fields, content)), vector.message, 'sealed');
}

const EVENTS = {
  KeyEvent: (event) => ({ ...event, type: 'key' }),
  ButtonEvent: (event) => ({ ...event, type: 'button' }),
  WheelEvent: (event) => ({ ...event, type: 'wheel' }),
  TextEvent: (event) => ({ ...event, type: 'text' }),
  ReleaseAll: () => ({ type: 'release' }),
};

const BODIES = {
  input: {
    encode: (vector) => input.encode(vector.events.map((event) => EVENTS[event.type](event)), vector.ms),
    again: (bytes) => {
      const { ms, events } = input.decode(bytes);
      return input.encode(events, ms);
    },
  },
  pointer: {
    encode: ({ after, x, y }) => input.encodePointer(BigInt(after), x, y),
    again: (bytes) => {
      const { after, x, y } = input.decodePointer(bytes);
      return input.encodePointer(after, x, y);
    },
  },
  feedback: {
    encode: (vector) => {
      const entries = Object.entries(vector.generations).map(([stream, n]) => [Number(stream), BigInt(n)]);
      return feedback.encode({ ...vector, generations: new Map(entries) });
    },
    again: (bytes) => feedback.encode(feedback.decode(bytes)),
  },
  part: {
    encode: (vector) => screen.encodePart(vector, fromHex(vector.data)),
    again: (bytes) => {
      const { part, data } = screen.decodePart(bytes);
      return screen.encodePart(part, data);
    },
  },
};

async function bodies(vector) {
  const { encode, again } = BODIES[vector.kind];
  if (vector.error) return refused(() => again(fromHex(vector.hex)), vector.error, vector.id);
  equal(toHex(encode(vector)), vector.hex, 'encoded');
  return equal(toHex(again(fromHex(vector.hex))), vector.hex, 'encoded again');
}

async function chats(vector) {
  const body = fromHex(vector.hex);
  if (vector.error) return refused(() => chat.decode(body), vector.error, vector.id);
  const line = chat.decode(body);
  equal(JSON.stringify([line.id, line.text, line.from, line.name]), JSON.stringify(Object.values(vector.line)), 'line');
  if (!line.from) equal(toHex(chat.encode(line)), vector.again, 'again');
}

async function rgbHash(decoder) {
  const rgb = new Uint8Array(decoder.width * decoder.height * 3);
  decoder.pixels.forEach((value, at) => {
    if (at % 4 < 3) rgb[Math.floor(at / 4) * 3 + (at % 4)] = value;
  });
  return toHex(await keys.sha256(rgb));
}

async function pictures(vector) {
  const decoder = new PictureDecoder();
  if (!vector.steps) {
    return refused(() => decoder.decode({ data: fromHex(vector.data), first: true, catchup: false }), vector.error, vector.id);
  }
  for (const [n, step] of vector.steps.entries()) {
    decoder.decode({ data: fromHex(step.data), first: step.first, catchup: step.kind === 'catchup' });
    equal(`${decoder.width}x${decoder.height}`, `${step.width}x${step.height}`, `size of step ${n}`);
    equal(await rgbHash(decoder), step.rgb_sha256, `pixels of step ${n}`);
  }
}

async function beacons(vector) {
  if (vector.steps) return equal(await seen(vector), vector.state, 'state');
  if (vector.notes) {
    const slots = new Slots();
    for (const [stream, slot, seq, content] of vector.notes) await slots.note({ stream, slot, seq: BigInt(seq) }, fromHex(content));
    return equal(toHex(await slots.digest()), vector.digest, 'digest');
  }
  const body = fromHex(vector.hex);
  const beacon = await openBeacon(originOf(vector), vector.epoch, body);
  for (const [name, value] of Object.entries(vector.fields)) {
    equal(beacon[name] instanceof Uint8Array ? toHex(beacon[name]) : String(beacon[name]), String(value), name);
  }
  equal(toHex(screen.encodeBeacon(beacon)), vector.hex.slice(0, -2 * screen.SIGNATURE_BYTES), 'encoded');
  for (let at = 0; at < body.length; at++) {
    const changed = body.slice();
    changed[at] ^= 1;
    await refused(() => openBeacon(originOf(vector), vector.epoch, changed), 'forged', `byte ${at}`);
  }
  await refused(() => openBeacon(originOf(vector), vector.epoch + 1, body), 'forged', 'another epoch');
  return refused(() => openBeacon({ ...originOf(vector), host: 2 }, vector.epoch, body), 'forged', 'another host');
}

const originOf = ({ statement, host, signer }) => ({ statement: fromHex(statement), host, signer: fromHex(signer) });

async function seen(vector) {
  const proof = new PictureProof();
  for (const [kind, ...rest] of vector.steps) {
    if (kind === 'beacon') await proof.beacon(await openBeacon(originOf(vector), vector.epoch, fromHex(rest[0])));
    else if (kind === 'catchup') await proof.restart(rest[0], rest[1], fromHex(rest[2]));
    else await proof.add(rest[0], rest[1], fromHex(rest[2]));
  }
  if (proof.false) return 'false';
  return proof.proved ? 'proved' : 'open';
}

const FILES = { header: headers, keys: keySchedule, handshake: handshakes, records, beacons, bodies, chat: chats, pictures };

/** The vector files known here. */
export const known = Object.keys(FILES);

/** Run one vector of a file; throws on a difference. */
export async function run(file, vector) {
  await FILES[file](vector);
}
