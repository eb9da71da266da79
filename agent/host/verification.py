"""The host's side of handshakes with all viewers: whose turn it is, how often it may be tried (docs/protocol.md 3).

Each full handshake gives both people new digits, so a relay in between could try until both see the same. Therefore few may
be tried: one a second, and a dozen that did not end in right digits end the session.
"""

from collections.abc import Callable

from agent.host.consent import Consent, State, VerificationPendingError
from agent.host.events import Cancelled, ConsentNeeded, DigitsNeeded, DigitsShown, Event, Unfit
from agent.host.grants import MODES, possible
from agent.host.introductions import Introductions
from agent.host.peer import VERIFYING, Peer, Peers, Phase
from agent.outbox import Outbox
from wire import keys
from wire.association import Pair
from wire.errors import HandshakeError, SuiteTooWeak, WireError
from wire.handshake import Association, Entropy, HostHandshake, Parties, common_suite, suites
from wire.header import Delivery, Stream, header
from wire.limits import HANDSHAKE_INTERVAL_SECONDS, MAX_HANDSHAKES
from wire.messages import handshake
from wire.messages.handshake import M1, M3, M5, NO_ATTEMPT, NO_SECRET, Notice, NoticeKind
from wire.statement import Demands
from wire.tokens import TokenError


class TooManyHandshakesError(Exception):
    """Verification was tried too often without right digits: somebody may be searching."""


class Verification:
    """Answers handshakes; `resumed` is called for a viewer that proved its resume secret."""

    def __init__(
        self,
        *,
        sender: int,
        ticket: str,
        statement: bytes,
        consent: Consent,
        outbox: Outbox,
        entropy: Entropy,
        counter: Callable[[], int],
        link: bytes | None,
        signer: bytes,
        demands: Demands,
        introductions: Introductions,
    ) -> None:
        """`signer` is the public key of what this process signs; `demands` are the statement's."""
        self._me, self._ticket, self._statement = sender, ticket, statement
        self._signer, self._demands, self._introductions = signer, demands, introductions
        self._told: set[tuple[int, NoticeKind]] = set()
        self._consent, self._outbox = consent, outbox
        self._entropy, self._counter, self._link = entropy, counter, link
        self._tried = 0
        self._last: float | None = None

    def succeeded(self) -> None:
        """The digits were right, or the link proved itself: earlier tries are forgiven."""
        self._tried = 0

    def notice(self, peer: Peer, kind: NoticeKind, attempt: bytes = NO_ATTEMPT) -> None:
        """Say something in clear."""
        self._clear(peer, Notice(kind, attempt).encode())

    def again(self, peer: Peer) -> None:
        """Discard what was agreed and ask for a new handshake."""
        peer.forget()
        self.notice(peer, NoticeKind.AGAIN)

    def call_next(self, peers: Peers) -> None:
        """Nobody is being verified: whoever was told to wait has their turn."""
        waiting = [peer for peer in peers if peer.waits and peer.present]
        if waiting and self._consent.pending is None:
            waiting[0].waits = False
            self.notice(waiting[0], NoticeKind.AGAIN)

    def take(self, peer: Peer, message: handshake.Message, now: float) -> tuple[list[Event], bool]:
        """A handshake message: `(events, whether the viewer has resumed)`. Raises `TooManyHandshakesError`."""
        if peer.phase is Phase.REFUSED:
            self.notice(peer, NoticeKind.REFUSED)
        elif isinstance(message, M1):
            return self._m1(peer, message, now), False
        elif peer.handshake is not None and isinstance(message, M3 | M5) and message.attempt == peer.handshake.attempt:
            try:
                if isinstance(message, M5):
                    return self._finished(peer, peer.handshake.on_m5(message), now)
                self._clear(peer, peer.handshake.on_m3(message).encode())
            except WireError:
                self._failed(peer, now)
        return [], False

    def _failed(self, peer: Peer, now: float) -> None:
        peer.handshake = None
        if peer.phase is Phase.HANDSHAKE:
            if self._consent.pending == peer.sender:
                self._consent.cancel(now)
            self.again(peer)

    def _m1(self, peer: Peer, message: M1, now: float) -> list[Event]:
        if message.statement != self._statement:
            self.notice(peer, NoticeKind.STATEMENT_DIFFERS, message.attempt)
            return []
        if message.mode == keys.MODE_RESUME:
            self._resume(peer, message)
            return []
        if self._consent.pending not in {None, peer.sender}:
            self._wait(peer, message)
            return []
        if self._last is not None and now - self._last < HANDSHAKE_INTERVAL_SECONDS:
            return []
        unfit = self._unfit(peer, message)
        if unfit is not None:
            self._last = now
            return self._turn_away(peer, message, unfit)
        events: list[Event] = []
        if peer.phase in VERIFYING and self._consent.pending == peer.sender:
            self._consent.cancel(now)
            events.append(Cancelled(peer.sender))
        try:
            self._consent.begin(peer.sender, now, _at_most(peer))
        except VerificationPendingError:
            self._wait(peer, message)
            return events
        self._count(now)
        peer.forget()
        peer.phase = Phase.HANDSHAKE
        self._answer(peer, message, None)
        return events

    def _wait(self, peer: Peer, message: M1) -> None:
        peer.waits = True
        self.notice(peer, NoticeKind.WAIT, message.attempt)

    def _unfit(self, peer: Peer, message: M1) -> NoticeKind | None:
        """Why a full handshake with this viewer cannot be right, whoever it is; else its introduction is taken."""
        try:
            common_suite(suites(), message.suites, self._demands)
            peer.introduction = self._introductions.check(peer.sender, message.introduction)
        except SuiteTooWeak:
            return NoticeKind.PQ_REQUIRED
        except TokenError:
            return NoticeKind.NOT_INTRODUCED
        except HandshakeError:
            return NoticeKind.NO_COMMON_SUITE
        if self._demands.verification == "link" and self._link is None:
            return NoticeKind.METHOD_NOT_ALLOWED
        return None

    def _turn_away(self, peer: Peer, message: M1, why: NoticeKind) -> list[Event]:
        """Tell the viewer each time, the customer once."""
        self.notice(peer, why, message.attempt)
        if (peer.sender, why) in self._told:
            return []
        self._told.add((peer.sender, why))
        return [Unfit(peer.sender, why.name.lower())]

    def _count(self, now: float) -> None:
        self._tried, self._last = self._tried + 1, now
        if self._tried > MAX_HANDSHAKES:
            raise TooManyHandshakesError

    def _resume(self, peer: Peer, message: M1) -> None:
        named = [s for s in peer.secrets() if message.secret_id != NO_SECRET and keys.resume_id(s) == message.secret_id]
        if peer.phase is not Phase.ACCEPTED or not named:
            self.notice(peer, NoticeKind.NO_RESUME, message.attempt)
            return
        try:
            common_suite(suites(), message.suites, self._demands)
        except HandshakeError:
            self.notice(peer, NoticeKind.PQ_REQUIRED, message.attempt)
            return
        peer.used_secret = named[0]
        self._answer(peer, message, named[0])

    def _answer(self, peer: Peer, message: M1, resume: bytes | None) -> None:
        parties = Parties(self._statement, self._me, peer.sender, self._demands)
        number = self._counter()
        peer.handshake = HostHandshake(
            parties, self._ticket, self._entropy, association=number, signer=self._signer, m1=message
        )
        self._clear(peer, peer.handshake.answer(resume=resume, link=None if resume else self._link).encode())

    def _finished(self, peer: Peer, association: Association, now: float) -> tuple[list[Event], bool]:
        resumed = association.method == keys.METHOD_RESUME
        mine = peer.phase is Phase.ACCEPTED if resumed else self._is_turn_of(peer)
        if not mine:
            peer.handshake = None
            return [], False
        peer.associate(Pair(association, self._me, peer.sender, host=True), association.resume_secret, now)
        if resumed:
            return [], True
        peer.phase = Phase.VERIFYING
        peer.by_link = association.method == keys.METHOD_LINK
        step = self._consent.agreed_by_link(now) if peer.by_link else self._consent.agreed(association.digits, now)
        if step is State.ELSEWHERE:
            return [DigitsShown(peer.sender, None if peer.by_link else association.digits)], False
        if step is State.DIGITS:
            return [DigitsNeeded(peer.sender, self._consent.wrong_digits + 1, peer.introduction)], False
        self.succeeded()
        self.notice(peer, NoticeKind.VERIFIED)
        return [ConsentNeeded(peer.sender, peer.introduction)], False

    def _is_turn_of(self, peer: Peer) -> bool:
        return peer.phase is Phase.HANDSHAKE and self._consent.pending == peer.sender

    def _clear(self, peer: Peer, body: bytes) -> None:
        fields = header(Delivery.ORDERED, Stream.HANDSHAKE, self._me, peer.sender)
        self._outbox.latest(("handshake", peer.sender), fields.pack() + body)


def _at_most(peer: Peer) -> frozenset[str] | None:
    """What somebody who was introduced may get; None for whom the statement names."""
    said = peer.introduction
    if said is None:
        return None
    return possible(said.mode, said.features) if said.mode in MODES else frozenset()
