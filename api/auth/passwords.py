"""Passwords: argon2id at rest, at most four checked at once, and the same work for an unknown account.

What a new password must be: `api/passwords/rules.py`.
"""

import asyncio
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.problems import Unavailable

MEMORY_KIB = 64 * 1024
PASSES = 3
LANES = 1
CONCURRENT = 4
"""64 MiB each, so 256 MiB in all."""
MAX_WAITING = 64
"""Sign-ins that may queue for a turn."""
MAX_BYTES = 1024

_DUMMY = "$argon2id$v=19$m=65536,t=3,p=1$tWdjHcFinGMLUDWE021Htg$r853cspW6w3LbCKNgcwptkQmnpy/ndjDUwYuRGnRye8"
"""Hash of nothing anybody knows, checked when the account does not exist."""


class Passwords:
    """Hashes and checks passwords in threads."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._turns = asyncio.Semaphore(CONCURRENT)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """The argon2id hash to store."""
        async with _Turn(self):
            return await asyncio.to_thread(self._make, normalised(password))

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the one `stored` is of. `None` costs the same time and is False."""
        async with _Turn(self):
            right = await asyncio.to_thread(self._verify, stored or _DUMMY, normalised(password))
        return right and stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether `stored` was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _make(self, password: str) -> str:
        return self._hasher.hash(password)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


class _Turn:
    """One of the few places at the hasher; Unavailable when too many wait already."""

    def __init__(self, owner: Passwords) -> None:
        self._owner = owner

    async def __aenter__(self) -> None:
        if self._owner._waiting >= MAX_WAITING:
            raise Unavailable("Too many sign-ins at once; try again in a few seconds.", retry_after=3)
        self._owner._waiting += 1
        try:
            await self._owner._turns.acquire()
        finally:
            self._owner._waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        self._owner._turns.release()


def normalised(password: str) -> str:
    """One spelling per password (NFC): the same keys on two keyboards give the same bytes."""
    return unicodedata.normalize("NFC", password)
