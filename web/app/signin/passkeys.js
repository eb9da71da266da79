/** Passkeys: the JSON of the server to what the browser takes, and back (W3C WebAuthn level 3, 5.1.8 to 5.1.10). */

import { fromBase64, toBase64url } from '../../core/bytes.js';
import { Cancelled } from '../lib/api.js';

export const passkeysWork = () => 'PublicKeyCredential' in globalThis && !!navigator.credentials?.get;

const bytes = (/** @type {string} */ text) => /** @type {Uint8Array<ArrayBuffer>} */ (fromBase64(text));
const text = (/** @type {ArrayBuffer} */ buffer) => toBase64url(new Uint8Array(buffer));
const described = (/** @type {any[] | undefined} */ list) => (list ?? []).map((item) => ({ ...item, id: bytes(item.id) }));

/** Make a passkey on this device. @param {any} options as the server gave them @returns {Promise<any>} for the server */
export async function makePasskey(options) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: described(options.excludeCredentials),
  };
  const made = /** @type {PublicKeyCredential} */ (await asked(() => navigator.credentials.create({ publicKey })));
  const response = /** @type {AuthenticatorAttestationResponse} */ (made.response);
  return {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    authenticatorAttachment: made.authenticatorAttachment ?? undefined,
    response: { clientDataJSON: text(response.clientDataJSON), attestationObject: text(response.attestationObject), transports: response.getTransports?.() ?? [] },
    clientExtensionResults: made.getClientExtensionResults(),
  };
}

/** Prove with a passkey. @param {any} options as the server gave them @returns {Promise<any>} for the server */
export async function usePasskey(options) {
  const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials: described(options.allowCredentials) };
  const used = /** @type {PublicKeyCredential} */ (await asked(() => navigator.credentials.get({ publicKey })));
  const response = /** @type {AuthenticatorAssertionResponse} */ (used.response);
  return {
    id: used.id,
    rawId: text(used.rawId),
    type: used.type,
    authenticatorAttachment: used.authenticatorAttachment ?? undefined,
    response: {
      clientDataJSON: text(response.clientDataJSON),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: response.userHandle ? text(response.userHandle) : null,
    },
    clientExtensionResults: used.getClientExtensionResults(),
  };
}

/** A dialog that was closed is no error. @template T @param {() => Promise<T>} ask */
async function asked(ask) {
  try {
    const given = await ask();
    if (given) return given;
  } catch (error) {
    if (!(error instanceof DOMException && ['NotAllowedError', 'AbortError'].includes(error.name))) throw error;
  }
  throw new Cancelled('no passkey was used');
}
