/**
 * What survives a reload of the page: the key of the last association, so that no new digits are needed
 * (docs/protocol.md 9, resume (b)). Only a non-extractable HMAC key and its 8-byte name are kept: a script that gets
 * into the page could use it while it is there, but nobody can read it out of the browser's store.
 *
 * Two places per session: `next` is stored at M4, when it is not yet known that the host accepted; `current` is what
 * the last sealed welcome proved. The host takes the old one until it has heard something under the new keys.
 */

/**
 * A secret and whether it is known, otherwise than from the relay's side, that the customer has it too: by the link, or
 * because the operator confirmed it.
 * @typedef {import('./handshake.js').ResumeKey & {confirmed?: boolean}} StoredKey
 * @typedef {{session: string, stored: number, current: StoredKey | null, next: StoredKey | null}} Entry
 *
 * @typedef {object} ResumeStore
 * @property {() => Promise<{keys: StoredKey[], welcomed: boolean}>} load what may be tried, in order; `welcomed` once a sealed welcome came
 * @property {(key: StoredKey) => Promise<void>} propose at M4
 * @property {() => Promise<void>} accept at the sealed welcome
 * @property {() => Promise<void>} confirm by the operator
 * @property {() => Promise<void>} keep now and then while the session goes on, so that it is not forgotten
 * @property {() => Promise<void>} clear when the session is over, or is to be verified anew
 */

const DATABASE = 'tasuki';
const TABLE = 'resume';
/** A host forgets an absent viewer after 15 minutes; older entries are of no use. */
const KEPT_MS = 20 * 60_000;

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(TABLE, { keyPath: 'session' });
  return done(request);
}

/** @template T @param {(table: IDBObjectStore) => IDBRequest<T>} action @param {IDBTransactionMode} mode @returns {Promise<T>} */
async function run(mode, action) {
  const database = await open();
  try {
    return await done(action(database.transaction(TABLE, mode).objectStore(TABLE)));
  } finally {
    database.close();
  }
}

/** Forget everything kept for sessions: at sign-out. */
export async function forgetAll() {
  await run('readwrite', (table) => table.clear());
}

/**
 * The store of one session in this browser; without IndexedDB it lasts as long as the page.
 * @param {string} session
 * @returns {ResumeStore}
 */
export function resumeStore(session) {
  let entry = /** @type {Entry} */ ({ session, stored: 0, current: null, next: null });
  const save = async () => {
    entry.stored = Date.now();
    const copy = { ...entry };
    await run('readwrite', (table) => table.put(copy)).catch(() => undefined);
  };
  return {
    async load() {
      const found = await run('readonly', (table) => table.get(session)).catch(() => undefined);
      if (found && Date.now() - found.stored < KEPT_MS) entry = found;
      return { keys: [entry.current, entry.next].filter((key) => key !== null), welcomed: entry.current !== null };
    },
    async propose(key) {
      entry = { ...entry, next: key };
      await save();
    },
    async accept() {
      if (entry.next) entry = { ...entry, current: entry.next, next: null };
      await save();
    },
    async confirm() {
      if (entry.current) entry = { ...entry, current: { ...entry.current, confirmed: true } };
      await save();
    },
    async keep() {
      if (entry.current) await save();
    },
    async clear() {
      entry = { session, stored: 0, current: null, next: null };
      await run('readwrite', (table) => table.delete(session)).catch(() => undefined);
    },
  };
}
