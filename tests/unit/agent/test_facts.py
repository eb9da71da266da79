"""What the host notes for the receipt is what its consent said, at every moment, and never more than fits."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.host import events
from agent.host.consent import Consent, ConsentError, State
from agent.host.facts import Facts, told
from wire.limits import MAX_ANSWERS, MAX_FACTS_BYTES, MAX_GRANT_SPANS, MAX_PAUSE_SPANS

START = 1_800_000_000.0
FEATURES = ("chat", "clipboard_to_customer")


class Played:
    """A consent and the record of it, on a clock that is moved by hand."""

    def __init__(self) -> None:
        self.consent = Consent("control", FEATURES)
        self.facts = Facts()
        self.now = START

    def look(self, *happened: events.Event) -> bool:
        return self.facts.look(self.consent, happened, self.now)

    def let_in(self, viewer: int = 2) -> None:
        self.consent.begin(viewer, self.now)
        self.consent.agreed_by_link(self.now)
        self.look(events.ConsentNeeded(viewer))
        self.consent.answer(True, self.now)
        self.look(events.Accepted(viewer))

    def refuse(self, viewer: int) -> None:
        self.consent.begin(viewer, self.now)
        self.consent.agreed_by_link(self.now)
        self.look(events.ConsentNeeded(viewer))
        self.consent.answer(False, self.now)
        over = self.consent.ended
        self.look(events.Ended(over.by, over.reason) if over else events.Refused(viewer))

    def after(self, seconds: float) -> "Played":
        self.now += seconds
        return self

    def spans(self, what: str, viewer: int = 2) -> list[tuple[float, float | None]]:
        mine = [one for one in self.facts.grants if (one.viewer, one.what) == (viewer, what)]
        return [(one.since - START, None if one.until is None else one.until - START) for one in mine]


def test_a_session_is_told_with_its_times() -> None:
    played = Played()
    played.let_in()
    played.after(10).consent.withdraw("control")
    played.look()
    played.after(10).consent.pause(played.now)
    played.look()
    played.after(5).consent.resume(played.now)
    played.look()
    played.after(5).consent.end("customer", "ended")
    assert played.look()
    assert played.spans("control") == [(0, 10)]
    assert played.spans("view") == played.spans("chat") == [(0, 20), (25, 30)]
    assert [(one.since - START, (one.until or 0) - START) for one in played.facts.pauses] == [(20, 25)]
    report = played.facts.report(played.now)
    assert report["answers"] == [{"viewer": 2, "yes": True, "at": told(START)}]
    assert report["ended"] == {"by": "customer", "reason": "ended", "at": told(START + 30)}


def test_a_no_to_the_first_and_to_a_further_viewer_is_noted() -> None:
    played = Played()
    played.let_in()
    played.refuse(3)
    assert [(one.viewer, one.yes) for one in played.facts.answers] == [(2, True), (3, False)]
    only = Played()
    only.refuse(2)
    assert [(one.viewer, one.yes) for one in only.facts.answers] == [(2, False)]
    assert only.facts.grants == []
    assert only.facts.ended is not None


def test_an_end_that_the_server_told_closes_what_was_open() -> None:
    """The relay was gone for good: the consent itself never heard of an end."""
    played = Played()
    played.let_in()
    played.after(7)
    played.look(events.Ended("administrator", "ended"))
    assert played.spans("view") == [(0, 7)]
    assert not played.after(1).look()


def test_nothing_new_is_no_change() -> None:
    played = Played()
    played.let_in()
    number = played.facts.number
    assert not played.after(5).look()
    assert played.facts.number == number


def test_a_clock_that_is_set_back_makes_no_span_that_ends_before_it_begins() -> None:
    played = Played()
    played.let_in()
    played.after(-3600).consent.pause(START)
    played.look()
    assert all(one.until is None or one.until >= one.since for one in played.facts.grants)


def test_lying_hours_of_pressing_buttons_stay_within_bounds_and_are_counted() -> None:
    played = Played()
    played.let_in()
    for _ in range(500):
        played.after(1).consent.pause(played.now)
        played.look()
        played.consent.resume(played.now)
        played.look()
    for viewer in range(3, 60):
        played.refuse(viewer)
    facts = played.facts
    assert (len(facts.grants), len(facts.pauses), len(facts.answers)) == (MAX_GRANT_SPANS, MAX_PAUSE_SPANS, MAX_ANSWERS)
    assert facts.left_out > 1000
    assert len(json.dumps(facts.report(played.now))) < MAX_FACTS_BYTES


def test_a_process_that_comes_after_goes_on_with_the_record() -> None:
    played = Played()
    played.let_in()
    again = Facts.from_kept(json.loads(json.dumps(played.facts.keep())))
    assert again.report(START) == played.facts.report(START)
    played.facts = again
    assert not played.after(5).look(), "being there again is no second yes"
    played.consent.end("operator", "ended")
    played.look()
    assert played.spans("control") == [(0, 5)]
    assert again.number == 2


@pytest.mark.parametrize("kept", [None, {}, [], {"number": "x"}, {"number": 1, "grants": [[1, 2, 3, 4, 5]]}])
def test_a_damaged_record_says_nothing_rather_than_something_wrong(kept: object) -> None:
    assert Facts.from_kept(kept).report(START)["grants"] == []


ACTS = ["pause", "view_only", "chat_only", "resume", "own_input", "withdraw", "allow", "narrow", "left", "join"]


@given(st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from(["view", *FEATURES, "control"]), st.floats(0.1, 9))))
def test_at_every_moment_the_record_says_what_held(story: list[tuple[str, str, float]]) -> None:
    played = Played()
    played.let_in()
    truth = []
    for act, grant, seconds in story[:40]:
        truth.append((played.now, played.now + seconds, _held(played.consent), played.consent.state is State.PAUSED))
        played.after(seconds)
        _act(played, act, grant)
    number = played.facts.number
    for begin, end, held, paused in truth:
        middle = (begin + end) / 2
        assert {(one.viewer, one.what) for one in played.facts.grants if _holds(one, middle)} == held
        assert any(_holds(one, middle) for one in played.facts.pauses) is paused
    assert not played.look()
    assert played.facts.number == number
    for one in [*played.facts.grants, *played.facts.pauses]:
        shown = one.told()
        assert datetime.fromisoformat(shown["from"])


def _act(played: Played, act: str, grant: str) -> None:
    consent, now = played.consent, played.now
    try:
        match act:
            case "withdraw" | "allow":
                getattr(consent, act)(grant)
            case "narrow":
                consent.narrow({"view", "control", "chat"})
            case "left":
                if len(consent.accepted) > 1:
                    consent.left(max(consent.accepted), now)
            case "join":
                if len(consent.accepted) < 4:
                    played.let_in(max(consent.accepted) + 1)
            case _:
                getattr(consent, act)(now)
    except ConsentError:
        pass
    played.look()


def _held(consent: Consent) -> set[tuple[int, str]]:
    return {(viewer, what) for viewer in consent.accepted for what in consent.grants_of(viewer)}


def _holds(span: Any, moment: float) -> bool:
    return bool(span.since <= moment and (span.until is None or moment < span.until))


def test_what_the_own_hand_took_is_counted_on_after_a_restart() -> None:
    """By the process that comes after this one was killed."""
    played = Played()
    played.let_in()
    assert played.after(5).consent.own_input(played.now)
    assert played.look()
    kept = played.consent.kept()
    assert kept is not None
    played.consent = Consent("control", FEATURES, kept=kept)
    played.facts = Facts.from_kept(json.loads(json.dumps(played.facts.keep())))
    assert played.after(5).consent.own_input(played.now)
    assert played.look()
    assert played.facts.own_input == played.facts.report(played.now)["own_input"] == 2
