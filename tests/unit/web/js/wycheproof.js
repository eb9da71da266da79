/** Wycheproof vectors on the primitives as web/core calls them; answers the ids of those that went another way than published. */

import { fromHex, same, toHex } from '/web/core/bytes.js';
import { Forged, WireError } from '/web/core/errors.js';
import * as keys from '/web/core/keys.js';

const PKCS8 = '302e020100300506032b656e04220420';
const ZERO_SHARED = '00'.repeat(32);

function equal(found, expected) {
  if (toHex(found) !== expected) throw new Error('another result');
}

const gcm = (vector) => ({ name: 'AES-GCM', iv: fromHex(vector.iv), additionalData: fromHex(vector.aad), tagLength: 128 });

const RUN = {
  async x25519(vector) {
    const usages = ['deriveBits'];
    const secret = await crypto.subtle.importKey('pkcs8', fromHex(PKCS8 + vector.private), 'X25519', false, usages);
    equal(await keys.exchange(secret, fromHex(vector.public)), vector.shared);
  },
  async ed25519(vector) {
    const key = await keys.signerKey(fromHex(vector.key));
    if (!(await keys.verified(key, fromHex(vector.sig), fromHex(vector.msg)))) throw new Forged('signature');
  },
  async hkdf_sha256(vector) {
    const prk = await keys.hmac(await hmacKey(vector.salt), fromHex(vector.ikm));
    equal(await keys.hkdfExpand(await keys.hmacKey(prk), fromHex(vector.info), vector.size), vector.okm);
  },
  async hmac_sha256(vector) {
    if (!same(await keys.hmac(await hmacKey(vector.key), fromHex(vector.msg)), fromHex(vector.tag))) throw new Forged('tag');
  },
  async aes_gcm(vector) {
    const key = await crypto.subtle.importKey('raw', fromHex(vector.key), 'AES-GCM', false, ['encrypt', 'decrypt']);
    const opened = await crypto.subtle.decrypt(gcm(vector), key, fromHex(vector.ct + vector.tag));
    equal(new Uint8Array(opened), vector.msg);
    const sealed = await crypto.subtle.encrypt(gcm(vector), key, fromHex(vector.msg));
    equal(new Uint8Array(sealed), vector.ct + vector.tag);
  },
  async mlkem_768(vector) {
    const usages = ['decapsulateBits'];
    const secret = await crypto.subtle.importKey('raw-seed', fromHex(vector.seed), 'ML-KEM-768', false, usages);
    equal(await keys.decapsulate(secret, fromHex(vector.c)), vector.K);
  },
};

/** WebCrypto takes no empty HMAC key; RFC 2104 fills it with zeros, so a zero byte is the same key. @param {string} hex */
const hmacKey = (hex) => keys.hmacKey(fromHex(hex || '00'));

/** What the wire never asks of these: more than one block of HKDF. */
const USED = { hkdf_sha256: ({ size }) => size <= 32 };

const mustBeTaken = ({ result, shared }) => result !== 'invalid' && shared !== ZERO_SHARED;

export const known = Object.keys(RUN);

/** @param {string} file @returns {Promise<{wrong: string[], count: number}>} */
export async function run(file) {
  const { tests } = await (await fetch(`/vectors/wycheproof/${file}.json`)).json();
  const used = tests.filter(USED[file] ?? (() => true));
  const wrong = [];
  for (const vector of used) {
    let taken = true;
    try {
      await RUN[file](vector);
    } catch (error) {
      taken = false;
      if (!(error instanceof WireError || error instanceof DOMException || error.message === 'another result')) throw error;
    }
    if (taken !== mustBeTaken(vector)) wrong.push(`${vector.tcId}: ${taken ? 'taken' : 'refused'}`);
  }
  return { wrong, count: used.length };
}
