"""The handshake: the viewer commits, both exchange keys, both prove them (docs/protocol.md 3).

Two small machines, one per role. They hold no socket, clock or randomness: `entropy(n)` is handed in. Every failure
raises `HandshakeError` or `Forged`; the caller drops the machine and starts another.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from wire import keys
from wire.codec import lp
from wire.errors import Forged, HandshakeError
from wire.messages.handshake import ATTEMPT_BYTES, M1, M2, M3, M4, M5, NO_SECRET

Entropy = Callable[[int], bytes]
"""A source of unpredictable bytes, such as `os.urandom`."""

SUITE_X25519: Final = 1
SUITES: Final = bytes([SUITE_X25519])
"""What this implementation can do, best last."""


@dataclass(frozen=True, slots=True)
class Parties:
    """What both ends must agree on before any key: it is hashed into everything."""

    statement: bytes
    """SHA-256 of the session statement's payload."""
    host: int
    viewer: int

    def context(self, mode: int) -> bytes:
        ids = self.host.to_bytes(2, "big"), self.viewer.to_bytes(2, "big")
        return keys.sha256(lp(b"tasuki/1 context", bytes([mode]), self.statement, *ids))


@dataclass(frozen=True, slots=True)
class Association:
    """What a finished handshake gives both ends."""

    number: int
    method: int
    host_to_viewer: bytes
    viewer_to_host: bytes
    resume_secret: bytes
    digits: str
    transcript: bytes


def _exchange(private: X25519PrivateKey, public: bytes) -> bytes:
    try:
        return private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError as error:
        raise HandshakeError("the other side's key is not usable") from error


def _private(entropy: Entropy) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(entropy(32))


def _commitment(context: bytes, message: M3) -> bytes:
    return keys.sha256(lp(b"tasuki/1 commit", context, message.attempt, message.key, message.kem_key, message.nonce))


def _transcript(context: bytes, m1: M1, m2: M2, m3: M3, m4: M4) -> bytes:
    parts = (context, m1.encode(), m2.encode(), m3.encode(), m4.without_mac())
    return keys.sha256(lp(b"tasuki/1 transcript", *parts))


def _check(given: bytes, expected: bytes, what: str) -> None:
    if not hmac.compare_digest(given, expected):
        raise Forged(f"{what} does not fit: somebody may be between the two ends")


class _Schedule:
    """Everything expanded from one key agreement."""

    def __init__(self, salt: bytes, shared: bytes, th: bytes) -> None:
        self._prk = keys.extract(salt, shared + th)
        self._th = th

    def mac(self, who: str) -> bytes:
        return keys.mac(keys.expand(self._prk, f"{who} confirm", self._th), self._th)

    def association(self, number: int, method: int) -> Association:
        return Association(
            number=number,
            method=method,
            host_to_viewer=keys.expand(self._prk, "host to viewer", self._th),
            viewer_to_host=keys.expand(self._prk, "viewer to host", self._th),
            resume_secret=keys.expand(self._prk, "resume", self._th),
            digits=keys.digits_of(self._prk, self._th),
            transcript=self._th,
        )


class ViewerHandshake:
    """The viewer's side of one attempt: `start` → M1, `on_m2` → M3, `on_m4` → (M5, association)."""

    def __init__(
        self, parties: Parties, ticket: str, entropy: Entropy, *, resume: bytes | None = None, link: bytes | None = None
    ) -> None:
        """`resume` is the stored secret of an earlier association; `link` the secret of a join link."""
        self._parties, self._ticket = parties, ticket
        self._resume, self._link = resume, link
        self._private = _private(entropy)
        self.mode = keys.MODE_FULL if resume is None else keys.MODE_RESUME
        attempt = entropy(ATTEMPT_BYTES)
        self._m3 = M3(attempt, self._private.public_key().public_bytes_raw(), entropy(32), b"")
        self._m1: M1 | None = None
        self._m2: M2 | None = None

    @property
    def attempt(self) -> bytes:
        return self._m3.attempt

    @property
    def answered(self) -> bool:
        """Whether the host has answered this attempt."""
        return self._m2 is not None

    def start(self) -> M1:
        secret_id = NO_SECRET if self._resume is None else keys.resume_id(self._resume)
        commit = _commitment(self._parties.context(self.mode), self._m3)
        self._m1 = M1(self.mode, self.attempt, SUITES, secret_id, self._ticket, self._parties.statement, commit)
        return self._m1

    def on_m2(self, message: M2) -> M3:
        """Checks the host's choice; `HandshakeError` when it was not offered, cannot be followed or is late."""
        if self._m1 is None or self._m2 is not None or message.attempt != self.attempt:
            raise HandshakeError("an answer to another attempt")
        if message.statement != self._parties.statement:
            raise HandshakeError("the other side was told something else about this session")
        if message.suite not in SUITES or message.suite != max(set(SUITES) & set(message.suites), default=0):
            raise HandshakeError("the suites do not fit")
        if (message.method == keys.METHOD_RESUME) != (self.mode == keys.MODE_RESUME):
            raise HandshakeError("the other side chose another way to verify")
        self._secret(message.method)
        self._m2 = message
        return self._m3

    def on_m4(self, message: M4) -> tuple[M5, Association]:
        """Checks the host's proof; `Forged` when it fails."""
        if self._m1 is None or self._m2 is None or message.attempt != self.attempt or message.kem_ciphertext:
            raise HandshakeError("an answer to another attempt")
        context = self._parties.context(self.mode)
        th = _transcript(context, self._m1, self._m2, self._m3, message)
        salt = keys.salt_for(self._m2.method, self._secret(self._m2.method))
        schedule = _Schedule(salt, _exchange(self._private, self._m2.key), th)
        _check(message.mac, schedule.mac("host"), "the host's proof")
        return M5(self.attempt, schedule.mac("viewer")), schedule.association(self._m2.association, self._m2.method)

    def _secret(self, method: int) -> bytes:
        secret = {keys.METHOD_DIGITS: b"", keys.METHOD_LINK: self._link, keys.METHOD_RESUME: self._resume}.get(method)
        if secret is None:
            raise HandshakeError("the secret of the link is not known here; open the session where the link was made")
        return secret


class HostHandshake:
    """The host's side of one attempt: M1 → `answer` → M2, `on_m3` → M4, `on_m5` → association."""

    def __init__(self, parties: Parties, ticket: str, entropy: Entropy, *, association: int, m1: M1) -> None:
        """`association` comes from the host's stored counter and is used for no other attempt."""
        if not set(m1.suites) & set(SUITES):
            raise HandshakeError("no common suite")
        if m1.mode not in {keys.MODE_FULL, keys.MODE_RESUME}:
            raise HandshakeError("unknown mode")
        self._parties, self._ticket, self._m1 = parties, ticket, m1
        self._private = _private(entropy)
        self._nonce = entropy(32)
        self._number = association
        self._m2: M2 | None = None
        self._secret = b""
        self._schedule: _Schedule | None = None

    @property
    def attempt(self) -> bytes:
        return self._m1.attempt

    def answer(self, *, resume: bytes | None = None, link: bytes | None = None) -> M2:
        """M2; `resume` is the secret that M1 named in a resume handshake, `link` the join link's if there is one."""
        if self._m1.mode == keys.MODE_RESUME:
            if resume is None:
                raise HandshakeError("no such secret")
            method, self._secret = keys.METHOD_RESUME, resume
        elif link is not None:
            method, self._secret = keys.METHOD_LINK, link
        else:
            method = keys.METHOD_DIGITS
        suite = max(set(self._m1.suites) & set(SUITES))
        public = self._private.public_key().public_bytes_raw()
        told = self._parties.statement
        self._m2 = M2(self.attempt, method, SUITES, suite, self._number, self._ticket, told, public, self._nonce)
        return self._m2

    def on_m3(self, message: M3) -> M4:
        """Checks the commitment (constant time); `Forged` when the key is not the one committed to."""
        if self._m2 is None or self._schedule is not None or message.attempt != self.attempt or message.kem_key:
            raise HandshakeError("an answer to another attempt")
        context = self._parties.context(self._m1.mode)
        _check(_commitment(context, message), self._m1.commit, "the viewer's commitment")
        bare = M4(self.attempt, b"", b"")
        th = _transcript(context, self._m1, self._m2, message, bare)
        self._schedule = _Schedule(
            keys.salt_for(self._m2.method, self._secret), _exchange(self._private, message.key), th
        )
        return M4(self.attempt, b"", self._schedule.mac("host"))

    def on_m5(self, message: M5) -> Association:
        """Checks the viewer's proof; `Forged` when it fails."""
        if self._m2 is None or self._schedule is None or message.attempt != self.attempt:
            raise HandshakeError("an answer to another attempt")
        _check(message.mac, self._schedule.mac("viewer"), "the viewer's proof")
        return self._schedule.association(self._number, self._m2.method)
