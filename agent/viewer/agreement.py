"""How a viewer agrees on keys with its host, and what people decide on the way (docs/protocol.md 3 and 9). Pure.

One attempt at a time. Notices come in clear and may be anybody's: before the first welcome they can start a full handshake,
after it only one by the stored secret. The same as web/core/agreement.js and web/core/customer.js.
"""

import hmac
from typing import Final

from agent.outbox import Outbox
from agent.viewer.events import (
    ConsentWanted,
    Digits,
    DigitsWanted,
    Ended,
    Event,
    Impossible,
    Retry,
    Unproved,
    Verified,
    Waiting,
)
from agent.viewer.picture import Picture
from wire import keys
from wire.association import Pair
from wire.errors import Forged, HandshakeError, MethodNotAllowed, SuiteTooWeak
from wire.handshake import Association, Entropy, Parties, ViewerHandshake
from wire.header import Delivery, Stream, header
from wire.limits import VERIFICATION_ATTEMPTS, VERIFICATION_SECONDS
from wire.messages import control, handshake
from wire.messages.handshake import M2, M4, Notice, NoticeKind
from wire.statement import ANYTHING, Demands

HOPELESS: Final = {
    NoticeKind.STATEMENT_DIFFERS: "statement-differs",
    NoticeKind.PQ_REQUIRED: "pq-required",
    NoticeKind.NOT_INTRODUCED: "not-introduced",
    NoticeKind.METHOD_NOT_ALLOWED: "verification",
    NoticeKind.NO_COMMON_SUITE: "suites",
}
"""Notices after which trying again by itself does not help."""


class Agreement:
    """The part of a viewer that owns its secrets: one `Pair` at most, and what leads to it."""

    def __init__(
        self,
        *,
        sender: int,
        ticket: str,
        statement: bytes,
        outbox: Outbox,
        entropy: Entropy,
        host: int = 1,
        link: bytes | None = None,
        resume: bytes | None = None,
        resume_before: bytes | None = None,
        demands: Demands = ANYTHING,
        introduction: str = "",
        customer: bool = False,
    ) -> None:
        """`statement` is its SHA-256, `demands` what it demands; `link` the secret of a join link; `resume` the stored secret of
        an earlier run, `resume_before` the one before it where the host may not know the newest; `introduction` the api's word
        for an operator whom the statement does not name; `customer` when the host is the operator: then this side compares
        the digits and decides."""
        self.outbox = outbox
        self.picture = Picture(statement, host)
        self.resume_secret = resume
        """What to store for a resume after a restart."""
        self._resume_before = resume_before
        self.ended: Ended | None = None
        self._parties = Parties(statement, host, sender, demands)
        self._introduction = introduction
        self._ticket, self._entropy, self._link = ticket, entropy, link
        self._host_here = False
        self._stopped = False
        """Unproved: nothing is tried until the operator says so."""
        self._attempt: ViewerHandshake | None = None
        self._attempt_at = 0.0
        self._pair: Pair | None = None
        self._welcomed = False
        self.proved = False
        """Whether a welcome ever came: after that only its resume secret proves who is there."""
        self.confirmed = False
        """Whether the customer's acceptance is known otherwise than from the relay's side: by a secret, or by `confirm`."""
        self._customer = customer
        self.confirmed = customer and resume is not None
        self._expected = ""
        self._wrong = 0
        self._answer_due: float | None = None

    # ---- what people do

    def verify_again(self, now: float) -> list[Event]:
        """After `Unproved`, and only when the operator wants it: start over, with new digits."""
        self._forget_secrets()
        self._stopped, self.proved, self.confirmed = False, False, False
        self.picture.clear()
        return self._start(now)

    def digits(self, typed: str, now: float) -> list[Event]:
        """The customer typed what they hear. Wrong ones discard the keys; the third time it is over."""
        if not self._expected or self._pair is None:
            return []
        right = hmac.compare_digest(typed.encode(), self._expected.encode())
        self._expected = ""
        if right:
            return self._wanted(now)
        self._wrong += 1
        if self._wrong >= VERIFICATION_ATTEMPTS:
            self.end("verification_failed")
            return self.finish("system", "verification_failed")
        self._forget_secrets()
        return [Retry("wrong digits"), *self._start(now)]

    def answer(self, yes: bool, now: float) -> list[Event]:  # noqa: ARG002 - every act is given the time
        """The customer's yes or no to looking on."""
        if self._answer_due is None or self._pair is None:
            return []
        self._answer_due = None
        if not yes:
            self.end("refused")
            return self.finish("customer", "refused")
        self.confirmed = True
        self._say(Stream.CONTROL, control.encode(control.accept()))
        return []

    def _wanted(self, now: float) -> list[Event]:
        self._answer_due = now + VERIFICATION_SECONDS
        return [ConsentWanted()]

    # ---- handshake

    def _start(self, now: float) -> list[Event]:
        self._pair, self._welcomed, self._attempt = None, False, None
        self._expected, self._answer_due = "", None
        word = self._introduction if self.resume_secret is None else ""
        try:
            self._attempt = ViewerHandshake(
                self._parties,
                self._ticket,
                self._entropy,
                resume=self.resume_secret,
                link=self._link,
                introduction=word,
            )
        except SuiteTooWeak as error:
            return self._hopeless(error.slug)
        self._attempt_at = now
        self._clear(self._attempt.start().encode())
        return []

    def _hopeless(self, why: str) -> list[Event]:
        """Nothing is tried until somebody wants it."""
        self._stopped, self._attempt = True, None
        return [Impossible(why)]

    def _handshake(self, message: handshake.Message, now: float) -> list[Event]:
        if isinstance(message, Notice):
            return self._notice(message, now)
        if self._attempt is None or message.attempt != self._attempt.attempt:
            return []
        try:
            if isinstance(message, M2):
                self._clear(self._attempt.on_m2(message).encode())
                self._attempt_at = now
            elif isinstance(message, M4):
                m5, association = self._attempt.on_m4(message)
                self._clear(m5.encode())
                return self._associated(association, now)
        except (MethodNotAllowed, SuiteTooWeak) as error:
            return self._hopeless(error.slug)
        except (Forged, HandshakeError) as error:
            return [Retry(str(error)), *self._start(now)]
        return []

    def _associated(self, association: Association, now: float) -> list[Event]:
        self._pair = Pair(association, self._parties.viewer, self._parties.host, host=False)
        self._attempt, self._attempt_at = None, now
        self.picture.associated(self._pair.signer, now)
        resumed = association.method == keys.METHOD_RESUME
        self._resume_before = self.resume_secret if resumed else None
        self.resume_secret = association.resume_secret
        if resumed:
            return []
        self.confirmed = association.method == keys.METHOD_LINK and not self._customer
        by_digits = association.method == keys.METHOD_DIGITS
        if not self._customer:
            return [Digits(association.digits if by_digits else None)]
        self._expected, self._answer_due = association.digits if by_digits else "", None
        return [DigitsWanted(self._wrong + 1)] if by_digits else self._wanted(now)

    def _notice(self, notice: Notice, now: float) -> list[Event]:
        if notice.kind in {NoticeKind.AGAIN, NoticeKind.NEED_RESUME}:
            return self._again(now)
        if (
            notice.kind == NoticeKind.NO_RESUME
            and self._attempt is not None
            and notice.attempt == self._attempt.attempt
        ):
            if self.proved and self._resume_before is None:
                return self._unproved()
            self.resume_secret, self._resume_before = self._resume_before, None
            return self._start(now)
        if notice.kind == NoticeKind.WAIT:
            self._attempt = None
            return [Waiting()]
        if notice.kind == NoticeKind.VERIFIED and self._pair is not None and not self._welcomed:
            return [Verified()]
        if notice.kind in HOPELESS and self._attempt is not None and notice.attempt == self._attempt.attempt:
            return self._hopeless(HOPELESS[notice.kind])
        return []

    def _again(self, now: float) -> list[Event]:
        """The host has no keys of ours: resume, or before any welcome start over."""
        if self._stopped or (self._attempt is not None and not self._attempt.answered):
            return []  # our M1 is on its way; the restart after 4 s covers a lost one
        wrong = self._pair is not None and self._pair.method != keys.METHOD_RESUME and not self.proved
        if wrong:
            self._forget_secrets()
        return [*([Retry("wrong digits")] if wrong else []), *self._start(now)]

    def _unproved(self) -> list[Event]:
        self._stopped, self._pair, self._attempt = True, None, None
        self.picture.forget()
        self._welcomed = self.confirmed = False
        return [Unproved()]

    # ---- secrets and sending

    @property
    def resume_secrets(self) -> tuple[bytes, ...]:
        """All that may still be of use after a restart, newest first: until the welcome, the host may not know the newest."""
        return tuple(secret for secret in (self.resume_secret, self._resume_before) if secret is not None)

    def _forget_secrets(self) -> None:
        self.resume_secret = self._resume_before = None

    @property
    def _resuming(self) -> bool:
        """Whether there are keys of a resume that the host may not have got to know."""
        return self._pair is not None and self._pair.method == keys.METHOD_RESUME and not self._welcomed

    def _clear(self, body: bytes) -> None:
        fields = header(Delivery.ORDERED, Stream.HANDSHAKE, self._parties.viewer, self._parties.host)
        self.outbox.ordered(fields.pack() + body)

    def _say(self, stream: Stream, body: bytes) -> None:
        if self._pair is not None:
            self.outbox.ordered(*self._pair.say(stream, body))

    def end(self, reason: str = "ended") -> None:
        """Tell the host that it is over."""
        self._say(Stream.CONTROL, control.encode(control.end(reason)))

    def finish(self, by: str, reason: str) -> list[Event]:
        """It is over, for this side."""
        if self.ended is not None:
            return []
        self.ended = Ended(by, reason)
        return [self.ended]
