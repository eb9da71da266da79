/** A decoder on the page, driven from Python: pictures in, hashes out. */

import { fromBase64, toHex } from '/web/core/bytes.js';
import { PictureDecoder } from '/web/core/decoder/picture.js';

let decoder = new PictureDecoder();

export function reset() {
  decoder = new PictureDecoder();
}

/** Decode one picture; its size and the SHA-256 of its RGB, or the slug of what was wrong. */
export async function decode(base64, first, catchup) {
  try {
    decoder.decode({ data: fromBase64(base64), first, catchup });
  } catch (error) {
    if (!error.slug) throw error;
    return { error: error.slug };
  }
  const { width, height, pixels } = decoder;
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < pixels.length; from += 4, to += 3) rgb.set(pixels.subarray(from, from + 3), to);
  return { width, height, sha256: toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', rgb))) };
}
