"""What was seen to happen, and what must never: the properties of a story."""

from collections import defaultdict

from wire.header import Stream, split_frame, unpack
from wire.keys import sha256

BEFORE_CONSENT = frozenset({Stream.SCREEN, Stream.AUDIO, Stream.CURSOR, Stream.BEACON, Stream.RECORDING})
"""Content of the host: none may be on the wire before a viewer was accepted."""


class Record:
    """Collects what happened; `violations` says what should not have."""

    def __init__(self, *, evil: bool = False) -> None:
        """`evil`: the relays are not honest, so that what an end does in its defence is no violation."""
        self._evil = evil
        self.violations: list[str] = []
        self.admitted: set[int] = set()
        self.departed: set[int] = set()
        self.ended: dict[str, tuple[str, str]] = {}
        self.paused = False
        self.calm = False
        """Nobody does anything any more: what is on its way arrives, and then everything must fit."""
        self.drawings = self.inputs = 0
        self.versions: dict[bytes, int] = {}
        self._shown: dict[int, int] = {}
        self._nonces: dict[tuple[int, int, int, bool], bytes] = {}
        self._applied: dict[str, list[int]] = defaultdict(list)
        self._sent: set[str] = set()
        self.chat_written: list[tuple[str, str]] = []
        self.chat_read: dict[str, list[str]] = defaultdict(list)

    def violation(self, rule: str, what: str) -> None:
        self.violations.append(f"{rule}: {what}")

    def distrust(self, rule: str, what: str) -> None:
        """An end defended itself; between honest relays there is no reason to."""
        if not self._evil:
            self.violation(rule, what)

    # ---- the wire, as a relay sees it

    def seen(self, sender: int, frame: bytes) -> None:
        """A BINARY frame arrived at a relay: no key and number twice for different bytes, no content before consent."""
        for message in split_frame(frame):
            fields = unpack(message)
            if fields.stream == Stream.HANDSHAKE:
                continue
            if sender == 1 and fields.stream in BEFORE_CONSENT and not self.admitted:
                self.violation("consent", f"stream {fields.stream} before anybody was accepted")
            place = (sender, fields.epoch, fields.seq, fields.recipient == 0)
            digest = sha256(bytes(message))
            if self._nonces.setdefault(place, digest) != digest:
                self.violation("nonce", f"sender {sender} used number {fields.seq} of key {fields.epoch} twice")

    # ---- people

    def accepted(self, viewer: int) -> None:
        self.admitted.add(viewer)

    def end(self, name: str, by: str, reason: str) -> None:
        self.ended[name] = (by, reason)

    # ---- pictures

    def captured(self, pixels: bytes) -> None:
        self.versions.setdefault(sha256(pixels), len(self.versions))

    def drawn(self, viewer: int, pixels: bytes) -> None:
        """A viewer shows a picture: one that was, and never an older one than before."""
        self.drawings += 1
        version = self.versions.get(sha256(pixels))
        if version is None:
            self.violation("picture", f"viewer {viewer} shows a picture that never was")
            return
        if version < self._shown.get(viewer, -1):
            self.violation("picture", f"viewer {viewer} shows {version} after {self._shown[viewer]}")
        self._shown[viewer] = version

    def reloaded(self, viewer: int) -> None:
        """A new page has seen nothing yet."""
        self._shown.pop(viewer, None)

    # ---- input

    def sent(self, text: str) -> None:
        self._sent.add(text)

    def applied(self, text: str, allowed: bool) -> None:
        """Input reached the machine: once, in order, and only while it was allowed."""
        self.inputs += 1
        viewer, _, number = text.partition(".")
        if text not in self._sent:
            self.violation("input", f"{text} was applied, and nobody sent it")
        before = self._applied[viewer]
        if before and int(number) <= before[-1]:
            self.violation("input", f"{text} after {before[-1]}")
        if not allowed:
            self.violation("consent", f"{text} was applied though it was not allowed")
        before.append(int(number))

    # ---- chat

    def wrote(self, who: str, text: str) -> None:
        self.chat_written.append((who, text))

    def read(self, who: str, text: str) -> None:
        if text in self.chat_read[who]:
            self.violation("chat", f"{who} read {text!r} twice")
        self.chat_read[who].append(text)
