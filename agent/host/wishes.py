"""What the person at the host's machine says, and what follows (docs/protocol.md 3.4 and 5). Pure."""

from collections.abc import Callable

from agent.host.consent import CONTROL, RUNNING, VIEW, State, Verdict
from agent.host.events import (
    ConsentNeeded,
    Event,
    Narrowed,
)
from agent.host.members import Members
from agent.host.peer import Phase
from wire.messages import relay
from wire.messages.chat import Line
from wire.messages.handshake import NoticeKind
from wire.policy import Narrowing


class Wishes(Members):
    """Each takes effect before the next message leaves."""

    def digits(self, typed: str, now: float) -> tuple[Verdict, list[Event]]:
        """The customer typed the digits."""
        events = self._expire(now)
        peer = self._peers.get(self.consent.pending)
        if self.ended is not None or peer is None or self.consent.step is not State.DIGITS:
            return Verdict.TOO_LATE, events
        verdict = self.consent.enter_digits(typed, now)
        if verdict is Verdict.FAILED:
            return verdict, events + self.end("system", "verification_failed")
        if verdict is Verdict.WRONG:
            self._verification.again(peer)
        if verdict is Verdict.RIGHT:
            self._verification.succeeded()
            self._verification.notice(peer, NoticeKind.VERIFIED)
            events.append(ConsentNeeded(peer.sender, peer.introduction))
        return verdict, events

    def answer(self, yes: bool, now: float) -> list[Event]:
        """The customer's yes or no."""
        events = self._expire(now)
        peer = self._peers.get(self.consent.pending)
        if self.ended is not None or peer is None or self.consent.step is not State.ASK:
            return events
        if self.consent.answer(yes, now) is State.APPROVED and peer.phase is Phase.VERIFYING and peer.pair is not None:
            return events + self._let_in(peer, now)
        return events + self._turn_away(peer, self.side)

    def pause(self, now: float) -> list[Event]:
        """Nothing is captured, sent or applied any more; viewers are told."""
        return self._chosen(self.consent.pause, now)

    def view_only(self, now: float) -> list[Event]:
        """Take control back."""
        return self._chosen(self.consent.view_only, now)

    def chat_only(self, now: float) -> list[Event]:
        """Only written words from now on."""
        return self._chosen(self.consent.chat_only, now)

    def go_on(self, now: float) -> list[Event]:
        """Everything that was granted holds again; own input that suspended the viewer's is over."""
        suspended = self.consent.state is State.SUSPENDED
        return self._chosen(self.consent.give_back if suspended else self.consent.resume, now)

    def own_input(self, now: float) -> list[Event]:
        """Mouse or keyboard of this machine were used by hand."""
        self._active_at = now
        return self._stand(now) if self.consent.own_input(now) else []

    def grant(self, name: str, given: bool, now: float) -> list[Event]:
        """Give or take back one thing; takes effect before the next message."""
        (self.consent.allow if given else self.consent.withdraw)(name)
        return self._stand(now)

    def narrow(self, narrowing: Narrowing, now: float) -> list[Event]:
        """Policy leaves only this. What was granted and is not any more ends before the next message, under new keys."""
        if self.ended is not None:
            return []
        before, seconds, idle = self.consent.possible, self._limit_seconds, self._idle_seconds
        self.consent.narrow({VIEW, CONTROL} | narrowing.features)
        self._limit_seconds = _shorter(seconds, narrowing.seconds)
        self._idle_seconds = _shorter(idle, narrowing.idle_seconds)
        self._pq_required |= narrowing.demands.pq_required
        accepted = self._peers.accepted()
        if any(self._too_weak(peer) for peer in accepted):
            return self.end("administrator", "policy")
        told = Narrowed(
            before - self.consent.possible,
            self._limit_seconds if self._limit_seconds != seconds else None,
            self._idle_seconds if self._idle_seconds != idle else None,
        )
        if told.taken and accepted:
            self._epochs.renew(accepted, now)
        return [*self._stand(now), *([told] if told != Narrowed(frozenset()) else [])]

    def say(self, text: str) -> Line | None:
        """Write to everybody who may chat; None when that is not allowed now. Raises `WireError` for what cannot be sent."""
        return self.chat.say(text, self._peers)

    def remove(self, viewer: int, now: float) -> list[Event]:
        """Send one viewer out: the relay keeps it out, and the others get keys that it has not."""
        peer = self._peers.get(viewer)
        if peer is None or self.ended is not None:
            return []
        self.outbox.text(relay.kick(viewer))
        return self._gone(peer, now)

    def _chosen(self, choice: Callable[[float], State], now: float) -> list[Event]:
        events = self._expire(now)
        if self.ended is None and self.consent.state in RUNNING:
            choice(now)
            events += self._stand(now)
        return events


def _shorter(one: float | None, other: float | None) -> float | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)
