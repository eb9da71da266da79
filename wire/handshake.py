"""The handshake: the viewer commits, both exchange keys, both prove them (docs/protocol.md 3).

Two small machines, one per role. They hold no socket, clock or randomness: `entropy(n)` is handed in. Every failure
raises `HandshakeError` or `Forged`; the caller drops the machine and starts another.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from wire import kem, keys
from wire.codec import lp
from wire.errors import Forged, HandshakeError, MethodNotAllowed, SuiteTooWeak
from wire.messages.handshake import ATTEMPT_BYTES, M1, M2, M3, M4, M5, NO_SECRET
from wire.statement import ANYTHING, Demands

Entropy = Callable[[int], bytes]
"""A source of unpredictable bytes, such as `os.urandom`."""
Encapsulate = Callable[[bytes], tuple[bytes, bytes]]
"""A KEM key to `(secret, ciphertext)`; handed in so that vectors can be made."""

SUITE_X25519: Final = 1
SUITE_HYBRID: Final = 2
"""X25519 and ML-KEM-768 together."""


def suites() -> bytes:
    """What this machine can do, best last."""
    return bytes([SUITE_X25519, SUITE_HYBRID] if kem.available() else [SUITE_X25519])


@dataclass(frozen=True, slots=True)
class Parties:
    """What both ends must agree on before any key: it is hashed into everything."""

    statement: bytes
    """SHA-256 of the session statement's payload."""
    host: int
    viewer: int
    demands: Demands = field(default=ANYTHING, compare=False)
    """What that statement demands; both ends have it from the same bytes."""

    def context(self, mode: int) -> bytes:
        ids = self.host.to_bytes(2, "big"), self.viewer.to_bytes(2, "big")
        return keys.sha256(lp(b"tasuki/1 context", bytes([mode]), self.statement, *ids))


@dataclass(frozen=True, slots=True)
class Association:
    """What a finished handshake gives both ends. Its secrets seal under one `Pair`, which keeps none of them."""

    number: int
    method: int
    suite: int
    host_to_viewer: bytes
    viewer_to_host: bytes
    resume_secret: bytes
    digits: str
    signer: bytes
    """The host's Ed25519 key, as bound in the transcript."""
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


def common_suite(mine: bytes, theirs: bytes, demands: Demands) -> int:
    """The highest suite that both offer; `SuiteTooWeak` when the statement demands a better one."""
    best = max(set(mine) & set(theirs), default=0)
    if demands.pq_required and best < SUITE_HYBRID:
        raise SuiteTooWeak("this session may only be held with post-quantum keys, and one side cannot make them")
    if best == 0:
        raise HandshakeError("the suites do not fit")
    return best


class _Schedule:
    """Everything expanded from one key agreement."""

    def __init__(self, salt: bytes, shared: bytes, th: bytes) -> None:
        self._prk = keys.extract(salt, shared + th)
        self._th = th

    def mac(self, who: str) -> bytes:
        return keys.mac(keys.expand(self._prk, f"{who} confirm", self._th), self._th)

    def association(self, m2: M2) -> Association:
        return Association(
            number=m2.association,
            method=m2.method,
            suite=m2.suite,
            host_to_viewer=keys.expand(self._prk, "host to viewer", self._th),
            viewer_to_host=keys.expand(self._prk, "viewer to host", self._th),
            resume_secret=keys.expand(self._prk, "resume", self._th),
            digits=keys.digits_of(self._prk, self._th),
            signer=m2.signer,
            transcript=self._th,
        )


class ViewerHandshake:
    """The viewer's side of one attempt: `start` → M1, `on_m2` → M3, `on_m4` → (M5, association)."""

    def __init__(
        self,
        parties: Parties,
        ticket: str,
        entropy: Entropy,
        *,
        resume: bytes | None = None,
        link: bytes | None = None,
        introduction: str = "",
        offer: bytes | None = None,
    ) -> None:
        """`resume` is the stored secret of an earlier association; `link` the secret of a join link; `introduction` the
        api's word for an operator whom the statement does not name; `offer` fewer suites than this machine has.

        Raises `SuiteTooWeak` where this machine cannot do what the statement demands.
        """
        self._offer = suites() if offer is None else offer
        common_suite(self._offer, self._offer, parties.demands)
        self._parties, self._ticket, self._introduction = parties, ticket, introduction
        self._resume, self._link = resume, link
        self._private: X25519PrivateKey | None = _private(entropy)
        self.mode = keys.MODE_FULL if resume is None else keys.MODE_RESUME
        attempt, public, nonce = entropy(ATTEMPT_BYTES), self._private.public_key().public_bytes_raw(), entropy(32)
        self._kem = kem.KemKey(entropy(kem.SEED_BYTES)) if SUITE_HYBRID in self._offer else None
        self._m3 = M3(attempt, public, nonce, b"" if self._kem is None else self._kem.public)
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
        commit = _commitment(self._parties.context(self.mode), self._m3)
        told = (self._ticket, self._parties.statement, self._introduction)
        self._m1 = M1(self.mode, self.attempt, self._offer, self._secret_id(), *told, commit)
        return self._m1

    def _secret_id(self) -> bytes:
        """Which secret this side has, without telling it: whoever has none is verified by digits."""
        if self._resume is not None:
            return keys.resume_id(self._resume)
        return NO_SECRET if self._link is None else keys.link_id(self._link, self.attempt)

    def on_m2(self, message: M2) -> M3:
        """Checks the host's choice; `HandshakeError` when it was not offered, cannot be followed or is late."""
        if self._m1 is None or self._m2 is not None or message.attempt != self.attempt:
            raise HandshakeError("an answer to another attempt")
        if message.statement != self._parties.statement:
            raise HandshakeError("the other side was told something else about this session")
        if message.suite != common_suite(self._offer, message.suites, self._parties.demands):
            raise HandshakeError("the suites do not fit")
        if (message.method == keys.METHOD_RESUME) != (self.mode == keys.MODE_RESUME):
            raise HandshakeError("the other side chose another way to verify")
        _check_method(message.method, self._parties.demands)
        self._secret(message.method)
        self._m2 = message
        return self._m3

    def on_m4(self, message: M4) -> tuple[M5, Association]:
        """Checks the host's proof; `Forged` when it fails. The ephemeral keys are forgotten either way."""
        if self._m1 is None or self._m2 is None or self._private is None or message.attempt != self.attempt:
            raise HandshakeError("an answer to another attempt")
        private, self._private = self._private, None
        decapsulation, self._kem = self._kem, None
        shared = _exchange(private, self._m2.key)
        if self._m2.suite == SUITE_HYBRID and decapsulation is not None:
            shared = decapsulation.open(message.kem_ciphertext) + shared
        elif message.kem_ciphertext:
            raise HandshakeError("the suites do not fit")
        th = _transcript(self._parties.context(self.mode), self._m1, self._m2, self._m3, message)
        schedule = _Schedule(keys.salt_for(self._m2.method, self._secret(self._m2.method)), shared, th)
        _check(message.mac, schedule.mac("host"), "the host's proof")
        return M5(self.attempt, schedule.mac("viewer")), schedule.association(self._m2)

    def _secret(self, method: int) -> bytes:
        secret = {keys.METHOD_DIGITS: b"", keys.METHOD_LINK: self._link, keys.METHOD_RESUME: self._resume}.get(method)
        if secret is None:
            raise HandshakeError("the secret of the link is not known here; open the session where the link was made")
        return secret


class HostHandshake:
    """The host's side of one attempt: M1 → `answer` → M2, `on_m3` → M4, `on_m5` → association."""

    def __init__(
        self,
        parties: Parties,
        ticket: str,
        entropy: Entropy,
        *,
        association: int,
        signer: bytes,
        m1: M1,
        offer: bytes | None = None,
        encapsulate: Encapsulate = kem.encapsulate,
    ) -> None:
        """`association` comes from the host's stored counter and is used for no other attempt; `signer` is the public key
        of what this process signs. Raises `SuiteTooWeak` or `HandshakeError` for a viewer that cannot be talked to."""
        if m1.mode not in {keys.MODE_FULL, keys.MODE_RESUME}:
            raise HandshakeError("unknown mode")
        self._offer = suites() if offer is None else offer
        self._suite = common_suite(self._offer, m1.suites, parties.demands)
        self._parties, self._ticket, self._m1 = parties, ticket, m1
        self._private: X25519PrivateKey | None = _private(entropy)
        self._nonce, self._encapsulate = entropy(32), encapsulate
        self._number, self._signer = association, signer
        self._m2: M2 | None = None
        self._secret = b""
        self._schedule: _Schedule | None = None

    @property
    def attempt(self) -> bytes:
        return self._m1.attempt

    @property
    def mode(self) -> int:
        return self._m1.mode

    def answer(self, *, resume: bytes | None = None, link: bytes | None = None) -> M2:
        """M2; `resume` is the secret that M1 named in a resume handshake, `link` the join link's if there is one."""
        if self._private is None or self._m2 is not None:
            raise HandshakeError("this attempt was answered")
        method, self._secret = self._method(resume, link)
        public, told = self._private.public_key().public_bytes_raw(), self._parties.statement
        self._m2 = M2(
            self.attempt, method, self._offer, self._suite, self._number, self._ticket, told, public, self._nonce,
            self._signer,
        )  # fmt: skip
        return self._m2

    def _method(self, resume: bytes | None, link: bytes | None) -> tuple[int, bytes]:
        if self._m1.mode == keys.MODE_RESUME:
            if resume is None:
                raise HandshakeError("no such secret")
            return keys.METHOD_RESUME, resume
        if link is not None and self._by_link(link):
            return keys.METHOD_LINK, link
        _check_method(keys.METHOD_DIGITS, self._parties.demands)
        return keys.METHOD_DIGITS, b""

    def _by_link(self, link: bytes) -> bool:
        """Whether the viewer has the link's secret, too, or must have it; others (a guest, say) are verified by digits."""
        demanded = self._parties.demands.verification
        return demanded == "link" or (demanded == "either" and self._m1.secret_id == keys.link_id(link, self.attempt))

    def on_m3(self, message: M3) -> M4:
        """Checks the commitment (constant time); `Forged` when the key is not the one committed to."""
        if self._m2 is None or self._private is None or message.attempt != self.attempt:
            raise HandshakeError("an answer to another attempt")
        context = self._parties.context(self._m1.mode)
        _check(_commitment(context, message), self._m1.commit, "the viewer's commitment")
        if len(message.kem_key) != (kem.KEY_BYTES if SUITE_HYBRID in self._m1.suites else 0):
            raise HandshakeError("the viewer's keys are not those of its suites")
        private, self._private = self._private, None
        shared, ciphertext = _exchange(private, message.key), b""
        if self._suite == SUITE_HYBRID:
            secret, ciphertext = self._encapsulate(message.kem_key)
            shared = secret + shared
        th = _transcript(context, self._m1, self._m2, message, M4(self.attempt, ciphertext, b""))
        self._schedule = _Schedule(keys.salt_for(self._m2.method, self._secret), shared, th)
        return M4(self.attempt, ciphertext, self._schedule.mac("host"))

    def on_m5(self, message: M5) -> Association:
        """Checks the viewer's proof; `Forged` when it fails. An attempt proves itself once."""
        if self._m2 is None or self._schedule is None or message.attempt != self.attempt:
            raise HandshakeError("an answer to another attempt")
        schedule, self._schedule, self._secret = self._schedule, None, b""
        _check(message.mac, schedule.mac("viewer"), "the viewer's proof")
        return schedule.association(self._m2)


def _check_method(method: int, demands: Demands) -> None:
    """`MethodNotAllowed` for a way to verify that the statement does not allow (a resume was verified before)."""
    wanted = {keys.METHOD_DIGITS: "digits", keys.METHOD_LINK: "link"}.get(method)
    if wanted is not None and demands.verification not in {wanted, "either"}:
        raise MethodNotAllowed(f"this session is verified by {demands.verification}, and not by {wanted}")
