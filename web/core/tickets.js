/** What lets this viewer in: the first ticket (one relay, once) and the resume ticket (any relay of the list, renewed). */

import { claimsOf } from './handshake.js';

/**
 * The answer to POST /v1/sessions/{id}/ticket.
 * @typedef {object} Grant
 * @property {string} session_id
 * @property {{id: string, sender: number}} participant
 * @property {string} statement
 * @property {string} ticket
 * @property {string} resume_ticket
 * @property {string | null} [introduction] the api's word for this operator, where the statement names another
 * @property {{id: string, url: string}[]} relays
 * @property {string} mode
 * @property {string[]} features
 *
 * Where tickets come from; the app asks the api.
 * @typedef {object} TicketSource
 * @property {() => Promise<Grant>} ticket a new ticket for the same participant
 * @property {(resumeTicket: string) => Promise<{resume_ticket: string, relays: {id: string, url: string}[]}>} resume
 * @property {() => Promise<{keys: Record<string, any>[]}>} [keys] the server's public keys
 */

/** The session is over; thrown by a `TicketSource` when the api says so. */
export class SessionEnded extends Error {
  /** @param {string} by @param {string} reason */
  constructor(by, reason) {
    super(`ended by ${by}: ${reason}`);
    this.by = by;
    this.reason = reason;
  }
}

/** Trying again does not help: no right, no such session. Thrown by a `TicketSource`. */
export class Refused extends Error {}

export class Tickets {
  #used = false;

  /** @param {TicketSource} source @param {Grant} grant @param {boolean} [used] the first ticket was shown to a relay before */
  constructor(source, grant, used = false) {
    this.#used = used;
    this.source = source;
    this.grant = grant;
    const claims = claimsOf(grant.ticket);
    this.sender = grant.participant.sender;
    /** The id that enters the handshake. */
    this.first = typeof claims.first === 'string' ? claims.first : String(claims.jti);
    this.#audience = String(claims.aud);
  }

  #audience;

  get relays() {
    return this.grant.relays;
  }

  /** The ticket to show a relay. @param {string} relayId */
  for(relayId) {
    if (this.#used || relayId !== this.#audience) return this.grant.resume_ticket;
    this.#used = true;
    return this.grant.ticket;
  }

  /** Get the next resume ticket; a whole new grant when that one is not taken. May throw what the source throws. */
  async renew() {
    try {
      const { resume_ticket, relays } = await this.source.resume(this.grant.resume_ticket);
      this.grant = { ...this.grant, resume_ticket, relays: relays.length ? relays : this.grant.relays };
    } catch (error) {
      if (error instanceof SessionEnded) throw error;
      this.grant = await this.source.ticket();
      this.#audience = String(claimsOf(this.grant.ticket).aud);
      this.#used = false;
    }
  }
}
