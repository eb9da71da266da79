"""The keyring in memory: opened keys, kept for a while; keys made ahead; new versions; destruction.

    master key file ── wraps ──> server, organisations ── each wraps ──> its customers

A key is durable before anything is sealed under it. What another process destroyed or replaced is noticed within
LOOK_EVERY_SECONDS, by a number in the store that grows.
"""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Protocol

from api.keyring.master import MASTER_ID, MasterKeyError, MasterKeys, exclusive, read, write
from api.keyring.models import WrappedKey
from api.keyring.repository import MOST_AT_ONCE, KeyStore
from api.kit.sealing import KEY_BYTES, KEY_ID_BYTES, DataKey, KeyDestroyed, Sealer, SealError

SERVER = "server"
LOOK_EVERY_SECONDS = 2.0
MOST_OPENED = 10_000
"""Opened keys in memory; the one that was not needed for the longest time goes."""
MADE_AHEAD = 64
"""Customers' keys that are made in one durable write."""
AHEAD_GOOD_SECONDS = 12 * 3600
"""After this a key made ahead is not used any more; upkeep clears it later (CLEARED_AFTER_SECONDS)."""
CLEARED_AFTER_SECONDS = 48 * 3600
_DATA, _LOOKUP = "data key", "lookup key"
_LOOKUP_NAME = " lookup"
_TRIES = 5


class HasKey(Protocol):
    """A customer, or a session of one."""

    organization_id: str
    key_id: str


class Keyring:
    """All keys of this server. Safe to use from several threads."""

    def __init__(self, store: KeyStore, master: MasterKeys, seconds: Callable[[], float] = time.monotonic) -> None:
        self.store, self.master = store, master
        self._seconds = seconds
        self._lock = threading.RLock()
        self._opened: OrderedDict[bytes, tuple[str, DataKey | None]] = OrderedDict()
        self.hits = self.misses = 0
        """How often a key was in memory when it was needed, and how often it had to be read."""
        self._current: dict[str, DataKey] = {}
        self._lookups: dict[str, bytes] = {}
        self._ahead: dict[str, list[tuple[bytes, float]]] = {}
        self._generation = -1
        self._looked = float("-inf")
        self._swept_to = b""

    @property
    def server(self) -> Sealer:
        """For the server's own secrets."""
        return Sealer(self, SERVER)

    def organization(self, organization_id: str) -> Sealer:
        """Seals under the organisation's key; opens what is sealed under it or under a key of one of its customers."""
        return Sealer(self, organization_id)

    def customer(self, customer: HasKey) -> Sealer:
        """Seals under the customer's key; opens whatever the organisation's does."""
        owner, key_id = customer.organization_id, bytes.fromhex(customer.key_id)

        def key() -> DataKey:
            if not key_id:
                raise KeyDestroyed("the customer was forgotten: nothing is kept about them any more")
            return self.named(owner, key_id)

        return Sealer(self, owner, key)

    def customer_key(self, organization_id: str) -> str:
        """The id (hex) of a new key for a customer, durable already."""
        with self._lock:
            self._look()
            ahead, now = self._ahead.setdefault(organization_id, []), self._seconds()
            while ahead:
                key_id, made = ahead.pop()
                if now - made < AHEAD_GOOD_SECONDS and self._is_there(organization_id, key_id):
                    return key_id.hex()
            wrapper = self.current(organization_id)
            made_ahead = [self._wrap(wrapper, organization_id, _DATA) for _ in range(MADE_AHEAD)]
            self.store.add([row for row, _ in made_ahead])
            for row, secret in made_ahead:
                self._remember(row.id, organization_id, DataKey(row.id, secret))
            ahead.extend((row.id, now) for row, _ in made_ahead)
            return ahead.pop()[0].hex()

    def _is_there(self, owner: str, key_id: bytes) -> bool:
        """Whether nobody cleared it: seconds that this process counts stand still while its machine sleeps."""
        try:
            self.named(owner, key_id)
        except SealError:
            return False
        return True

    def prefetch(self, owner: str, key_ids: Iterable[bytes]) -> None:
        """Open several keys with one read, before a list is shown."""
        with self._lock:
            self._look()
            missing = {key_id for key_id in key_ids if key_id not in self._opened}
            if missing:
                for row in self.store.read(missing).values():
                    self._unwrap(owner, row)

    def current(self, owner: str) -> DataKey:
        """See `Keys`. Of an owner that has none yet one is made."""
        with self._lock:
            self._look()
            found = self._current.get(owner)
            if found is None:
                row, secret = self._newest(owner, owner, _DATA)
                found = self._current[owner] = DataKey(row.id, secret)
                self._remember(row.id, owner, found)
            return found

    def named(self, owner: str, key_id: bytes) -> DataKey:
        """See `Keys`."""
        with self._lock:
            self._look()
            known = self._opened.get(key_id)
            self.hits, self.misses = self.hits + (known is not None), self.misses + (known is None)
            if known is None:
                row = self.store.read([key_id]).get(key_id)
                if row is None:
                    raise SealError(
                        "the key of this is not in the keyring; restore the keyring that belongs to the database"
                    )
                known = self._unwrap(owner, row)
            else:
                self._opened.move_to_end(key_id)
            whose, key = known
            if key is None:
                raise KeyDestroyed("the key of this was destroyed: it cannot be read any more")
            if whose != owner:
                raise SealError("this is sealed under a key of another organisation")
            return key

    def lookup_secret(self, owner: str) -> bytes:
        """See `Keys`."""
        with self._lock:
            self._look()
            found = self._lookups.get(owner)
            if found is None:
                found = self._lookups[owner] = self._newest(lookup_name(owner), owner, _LOOKUP)[1]
            return found

    def rotate(self, owner: str) -> DataKey:
        """A new version of an owner's own key, durable, which seals from now on. Those before still open."""
        with self._lock:
            for _ in range(_TRIES):
                before = self.store.newest(owner)
                if before is not None and before.destroyed:
                    raise KeyDestroyed(f"the key of {owner} was destroyed")
                version = 1 if before is None else before.version + 1
                if self._make(owner, owner, _DATA, version)[2]:
                    self.forget_opened()
                    return self.current(owner)
            raise SealError(f"no new key could be made for {owner}")

    def older(self, owner: str) -> list[bytes]:
        """Ids of the owner's own keys that are not destroyed, without the newest."""
        return [row.id for row in self.store.versions(owner)[:-1] if not row.destroyed]

    def rewrap(self, owner: str, wrapper: bytes, limit: int) -> int:
        """Wrap up to `limit` customers' keys under the owner's newest key that are wrapped by an older one; how many it were."""
        with self._lock:
            newest, old, fresh = self.current(owner), self.named(owner, wrapper), []
            for row in self.store.wrapped_by(wrapper, b"", limit):
                secret = old.open(_DATA, about(owner, row.id), row.wrapped)
                fresh.append(replace(row, wrapper=newest.id, wrapped=newest.seal(_DATA, about(owner, row.id), secret)))
            if fresh:
                self.store.rewrap(fresh)
            return len(fresh)

    def prepare_master(self) -> None:
        """Put another master key into the file, which opens and does not wrap yet: for the file's copies on other machines."""
        path = self.master.path
        with exclusive(path):
            known = read(path)
            if len(known) > 1:
                raise MasterKeyError(
                    f"{path} has the next master key already; copy it to the other machines, then run:"
                    " tasuki admin keys rotate --master"
                )
            write(path, [*known, secrets.token_bytes(KEY_BYTES)])

    def rotate_master(self) -> int:
        """Another master key, made now or before by `prepare_master`: wraps everything anew; how many keys that were.

        The old one stays in the file until the last key is wrapped anew, so that a crash on the way loses nothing. The last of
        several in the file is the one that is to stay: whoever goes on after a crash goes on to the same one.
        """
        path = self.master.path
        with self._lock, exclusive(path):
            known = read(path)
            newest = known[-1] if len(known) > 1 else secrets.token_bytes(KEY_BYTES)
            write(path, [newest, *(key for key in known if key != newest), newest])
            self.master.reload()
            count = self._wrap_all_anew()
            write(path, [newest])
            self.master.reload()
            return count

    def _wrap_all_anew(self) -> int:
        count, last = 0, b""
        while rows := self.store.wrapped_by(MASTER_ID, last, MOST_AT_ONCE):
            self.store.rewrap([self._wrapped_anew(row) for row in rows])
            count, last = count + len(rows), rows[-1].id
        return count

    def _wrapped_anew(self, row: WrappedKey) -> WrappedKey:
        name = row.name or ""
        owner, kind = (name.removesuffix(_LOOKUP_NAME), _LOOKUP) if name.endswith(_LOOKUP_NAME) else (name, _DATA)
        bound = about(owner, row.id)
        return replace(row, wrapped=self.master.seal(kind, bound, self.master.open(kind, bound, row.wrapped)))

    def destroy_owner(self, owner: str) -> int:
        """Destroy every key of an organisation: its own, its lookups and its customers'; how many it were."""
        with self._lock:
            own = [row.id for name in (owner, lookup_name(owner)) for row in self.store.versions(name)]
            count = 0
            for wrapper in own:
                while found := [row.id for row in self.store.wrapped_by(wrapper, b"", MOST_AT_ONCE)]:
                    count += self.store.destroy(found)
            count += self.store.destroy(own)
            self._ahead.pop(owner, None)
            self.forget_opened()
            return count

    def destroy(self, key_ids: Collection[bytes]) -> int:
        """Make everything unreadable that is sealed under these keys; how many were still there."""
        with self._lock:
            wiped = self.store.destroy(key_ids)
            self.forget_opened()
            return wiped

    def unused(self, now: float) -> list[bytes]:
        """The next few customers' keys that are old enough to be in use if anybody took them; all are walked through in turn."""
        with self._lock:
            found = self.store.unnamed(int(now) - CLEARED_AFTER_SECONDS, self._swept_to, MOST_AT_ONCE)
            self._swept_to = found[-1] if len(found) == MOST_AT_ONCE else b""
            return list(found)

    def forget_opened(self) -> None:
        """Read every key again when it is needed next."""
        with self._lock:
            self._opened.clear()
            self._current.clear()
            self._lookups.clear()

    def close(self) -> None:
        """Close the store, and forget what was opened."""
        self.forget_opened()
        self.store.close()

    def _look(self) -> None:
        """Begin anew when somebody changed keys, at the latest LOOK_EVERY_SECONDS after it."""
        now = self._seconds()
        if now - self._looked < LOOK_EVERY_SECONDS:
            return
        generation = self.store.generation()
        if generation != self._generation:
            self.forget_opened()
        self._generation, self._looked = generation, now

    def _newest(self, name: str, owner: str, kind: str) -> tuple[WrappedKey, bytes]:
        """The key under a name, made when there is none. Of two processes that make it, one wins."""
        for _ in range(_TRIES):
            row = self.store.newest(name)
            if row is not None:
                if row.destroyed:
                    raise KeyDestroyed(f"the key of {owner} was destroyed")
                return row, self._secret(owner, row, kind)
            made, secret, stored = self._make(name, owner, kind, 1)
            if stored:
                return made, secret
        raise SealError(f"the keyring has no key for {owner}, and none could be made")

    def _make(self, name: str, owner: str, kind: str, version: int) -> tuple[WrappedKey, bytes, bool]:
        """A key of the server or an organisation, stored unless another process was first with this version."""
        with exclusive(self.master.path):
            self.master.reload()
            made, secret = self._wrap(self.master, owner, kind, name=name, version=version)
            return made, secret, self.store.add([made])

    def _wrap(
        self, wrapper: "DataKey | MasterKeys", owner: str, kind: str, *, name: str | None = None, version: int = 1
    ) -> tuple[WrappedKey, bytes]:
        """A new key, and its row."""
        key_id, secret = secrets.token_bytes(KEY_ID_BYTES), secrets.token_bytes(KEY_BYTES)
        wrapped = wrapper.seal(kind, about(owner, key_id), secret)
        by = wrapper.id if isinstance(wrapper, DataKey) else MASTER_ID
        return WrappedKey(key_id, name, version, by, wrapped, int(time.time())), secret

    def _secret(self, owner: str, row: WrappedKey, kind: str) -> bytes:
        if row.wrapper == MASTER_ID:
            return self.master.open(kind, about(owner, row.id), row.wrapped)
        return self.named(owner, row.wrapper).open(kind, about(owner, row.id), row.wrapped)

    def _unwrap(self, owner: str, row: WrappedKey) -> tuple[str, DataKey | None]:
        """Open a key and keep it. A key of another owner does not open: the owner is authenticated with it."""
        key = None if row.destroyed else DataKey(row.id, self._secret(owner, row, _DATA))
        return self._remember(row.id, owner, key)

    def _remember(self, key_id: bytes, owner: str, key: DataKey | None) -> tuple[str, DataKey | None]:
        self._opened[key_id] = owner, key
        if len(self._opened) > MOST_OPENED:
            self._opened.popitem(last=False)
        return owner, key


def lookup_name(owner: str) -> str:
    """The name of an owner's lookup key in the store."""
    return f"{owner}{_LOOKUP_NAME}"


def about(owner: str, key_id: bytes) -> str:
    """What a wrapped key is bound to."""
    return f"{owner} {key_id.hex()}"
