"""What only this machine knows of a session, for its receipt: what was allowed to whom and from when to when. Pure.

Looks at the consent whenever something happened and notes what became different. The record is bounded: what comes after
`MAX_GRANT_SPANS` and its like is only counted, so that nobody who presses a button for hours fills a server.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from agent.host import events
from agent.host.consent import CONTROL, VIEW, Consent, Ending, State
from wire.limits import MAX_ANSWERS, MAX_GRANT_SPANS, MAX_PAUSE_SPANS

Json = dict[str, Any]
_FIRST = frozenset({VIEW, CONTROL})
"""What people want to know first."""


@dataclass(slots=True)
class Span:
    """From when to when, in seconds since 1970; `until` is None while it holds."""

    since: float
    until: float | None = None

    def told(self) -> Json:
        """As it is reported."""
        return {"from": told(self.since), "until": None if self.until is None else told(self.until)}


@dataclass(slots=True)
class Grant(Span):
    """One thing that one viewer was allowed."""

    viewer: int = 0
    what: str = ""

    def told(self) -> Json:
        return {"viewer": self.viewer, "what": self.what, **Span.told(self)}


@dataclass(slots=True)
class Answer:
    """The yes or no to one viewer."""

    viewer: int
    yes: bool
    at: float

    def told(self) -> Json:
        return {"viewer": self.viewer, "yes": self.yes, "at": told(self.at)}


@dataclass(slots=True)
class Facts:
    """The record of one session. `number` grows with every change, so that of two reports the newer is known."""

    number: int = 0
    grants: list[Grant] = field(default_factory=list)
    pauses: list[Span] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    own_input: int = 0
    left_out: int = 0
    """Changes that did not fit."""
    ended: Ending | None = None
    ended_at: float = 0.0
    _asked: int | None = None
    _accepted: frozenset[int] = frozenset()
    _over: frozenset[tuple[int, str]] = frozenset()
    """Grants that hold and did not fit."""
    _now: float = 0.0

    def look(self, consent: Consent, happened: Iterable[events.Event], now: float) -> bool:
        """Note what is different; whether anything is. `now` is the time of day; a clock that is set back counts for nothing."""
        if self.ended is not None:
            return False
        self._now = now = max(now, self._now)
        ended = consent.ended
        changed = False
        for event in happened:
            match event:
                case events.ConsentNeeded():
                    self._asked = event.viewer
                case events.Refused():
                    self._answered(event.viewer, now, yes=False)
                    changed = True
                case events.Ended():
                    ended = Ending(event.by, event.reason)
        changed |= self._answers(consent, now)
        changed |= self._grants(set() if ended else _held(consent), now)
        changed |= self._pauses(consent.state is State.PAUSED and ended is None, now)
        if consent.suspensions > self.own_input:
            self.own_input, changed = consent.suspensions, True
        if ended is not None:
            if ended.reason == "refused" and self._asked is not None:
                self._answered(self._asked, now, yes=False)
            self.ended, self.ended_at, changed = ended, now, True
        self.number += changed
        return changed

    def report(self, now: float) -> Json:
        """What the server is told (`PUT /v1/receipt/facts`)."""
        ended = self.ended
        return {
            "number": self.number,
            "sent_at": told(now),
            "answers": [one.told() for one in self.answers],
            "grants": [one.told() for one in self.grants],
            "pauses": [one.told() for one in self.pauses],
            "own_input": self.own_input,
            "left_out": self.left_out,
            "files": [],
            "ended": None if ended is None else {"by": ended.by, "reason": ended.reason, "at": told(self.ended_at)},
        }

    def keep(self) -> Json:
        """All of it as JSON, for the process that comes after this one was killed."""
        return {
            "number": self.number,
            "grants": [[one.since, one.until, one.viewer, one.what] for one in self.grants],
            "pauses": [[one.since, one.until] for one in self.pauses],
            "answers": [[one.viewer, one.yes, one.at] for one in self.answers],
            "own_input": self.own_input,
            "left_out": self.left_out,
        }

    @classmethod
    def from_kept(cls, kept: Any) -> "Facts":
        """What `keep` gave; an empty record for something else, which says less but nothing wrong."""
        try:
            facts = cls(
                number=int(kept["number"]),
                grants=[Grant(*one) for one in kept["grants"]],
                pauses=[Span(*one) for one in kept["pauses"]],
                answers=[Answer(*one) for one in kept["answers"]],
                own_input=int(kept["own_input"]),
                left_out=int(kept["left_out"]),
            )
        except (KeyError, TypeError, ValueError):
            return cls()
        facts._accepted = frozenset(one.viewer for one in facts.answers if one.yes)
        return facts

    def _answers(self, consent: Consent, now: float) -> bool:
        fresh = consent.accepted - self._accepted
        self._accepted = consent.accepted
        for viewer in sorted(fresh):
            self._answered(viewer, now, yes=True)
        return bool(fresh)

    def _answered(self, viewer: int, now: float, *, yes: bool) -> None:
        self._asked = None
        if len(self.answers) < MAX_ANSWERS:
            self.answers.append(Answer(viewer, yes, now))
        else:
            self.left_out += 1

    def _grants(self, held: set[tuple[int, str]], now: float) -> bool:
        open_ = {(one.viewer, one.what): one for one in self.grants if one.until is None}
        for gone in open_.keys() - held:
            open_[gone].until = now
        fresh = held - open_.keys() - self._over
        self._over &= held
        for viewer, what in sorted(fresh, key=lambda one: (one[0], one[1] not in _FIRST, one[1] != VIEW, one[1])):
            if len(self.grants) < MAX_GRANT_SPANS:
                self.grants.append(Grant(now, viewer=viewer, what=what))
            else:
                self.left_out += 1
                self._over |= {(viewer, what)}
        return bool(fresh) or bool(open_.keys() - held)

    def _pauses(self, paused: bool, now: float) -> bool:
        running = self.pauses[-1] if self.pauses and self.pauses[-1].until is None else None
        if paused == (running is not None):
            return False
        if running is not None:
            running.until = now
        elif len(self.pauses) < MAX_PAUSE_SPANS:
            self.pauses.append(Span(now))
        else:
            return False  # the grants, which end in a pause, say as much
        return True


def _held(consent: Consent) -> set[tuple[int, str]]:
    """What every viewer is allowed now."""
    return {(viewer, what) for viewer in consent.accepted for what in consent.grants_of(viewer)}


def told(moment: float) -> str:
    """A time as the api takes it: RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
