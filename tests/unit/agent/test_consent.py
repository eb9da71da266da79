"""The consent machine, case by case."""

from itertools import product

import pytest

from agent.host.consent import (
    ABSENT_SECONDS,
    ANSWER_SECONDS,
    TRANSITIONS,
    VERIFICATION_SECONDS,
    Consent,
    ConsentError,
    Ending,
    Event,
    Mode,
    State,
    Verdict,
    VerificationPendingError,
)


def asked(mode: Mode = "control") -> Consent:
    consent = Consent(mode)
    consent.begin(2, 0.0)
    consent.agreed("012345", 1.0)
    assert consent.enter_digits("012345", 2.0) is Verdict.RIGHT
    return consent


@pytest.mark.parametrize(("mode", "grants"), [("control", {"view", "control"}), ("view", {"view"})])
def test_grants_come_with_yes_and_follow_the_mode(mode: Mode, grants: set[str]) -> None:
    consent = asked(mode)
    assert (consent.grants, consent.may_capture, consent.may_apply_input) == (frozenset(), False, False)
    assert consent.answer(True, 3.0) is State.APPROVED
    assert consent.grants == grants
    assert consent.may_capture
    assert consent.may_apply_input is (mode == "control")


def test_a_link_skips_the_digits_and_not_the_question() -> None:
    consent = Consent("control")
    consent.begin(2, 0.0)
    assert consent.agreed_by_link(1.0) is State.ASK
    assert not consent.may_capture


@pytest.mark.rule("R16")
def test_three_wrong_entries_end_the_session() -> None:
    consent = Consent("control")
    for expected in (Verdict.WRONG, Verdict.WRONG, Verdict.FAILED):
        consent.begin(2, 0.0)
        consent.agreed("111111", 0.0)
        assert consent.enter_digits("111112", 1.0) is expected
    assert consent.state is State.ENDED
    assert consent.ended == Ending("system", "verification_failed")


@pytest.mark.rule("R16")
def test_wrong_entries_are_counted_over_cancelled_verifications() -> None:
    consent = Consent("control")
    for viewer in (2, 3):
        consent.begin(viewer, 0.0)
        consent.agreed("111111", 0.0)
        assert consent.enter_digits("000000", 1.0) is Verdict.WRONG
        consent.begin(viewer, 1.0)
        consent.cancel(1.0)
    consent.begin(4, 1.0)
    consent.agreed("111111", 1.0)
    assert consent.enter_digits("000000", 1.0) is Verdict.FAILED


@pytest.mark.rule("R16")
def test_a_second_viewer_waits() -> None:
    consent = Consent("control")
    consent.begin(2, 0.0)
    for viewer in (2, 3):
        with pytest.raises(VerificationPendingError):
            consent.begin(viewer, 1.0)
    assert consent.viewer == 2


@pytest.mark.rule("R17")
@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "123 456", "１２３４５６", "١٢٣٤٥٦", "12345\n", "abcdef", "²23456"]
)
def test_only_six_ascii_digits_are_an_entry(typed: str) -> None:
    consent = Consent("control")
    consent.begin(2, 0.0)
    consent.agreed("123456", 0.0)
    assert consent.enter_digits(typed, 1.0) is Verdict.MALFORMED
    assert (consent.state, consent.wrong_digits) == (State.DIGITS, 0)


@pytest.mark.rule("R17")
def test_no_question_is_answered_without_the_digits() -> None:
    consent = Consent("control")
    for step in (lambda: consent.answer(True, 0.0), lambda: consent.enter_digits("123456", 0.0)):
        with pytest.raises(ConsentError):
            step()
    consent.begin(2, 0.0)
    consent.agreed("123456", 0.0)
    with pytest.raises(ConsentError):
        consent.answer(True, 1.0)
    assert consent.state is State.DIGITS


def test_silence_is_a_refusal() -> None:
    consent = asked()
    assert consent.deadline == 2.0 + ANSWER_SECONDS
    assert not consent.tick(121.9)
    assert consent.answer(True, 122.0) is State.ENDED
    assert consent.ended == Ending("system", "refused")
    assert not consent.may_capture


def test_verification_has_one_time_limit() -> None:
    consent = Consent("control")
    consent.begin(2, 0.0)
    consent.agreed("123456", 100.0)
    assert consent.enter_digits("123456", VERIFICATION_SECONDS) is Verdict.TOO_LATE
    assert (consent.state, consent.wrong_digits, consent.deadline) == (State.WAITING, 0, None)


def test_the_time_out_that_came_first_counts() -> None:
    consent = asked()
    consent.absent(10.0)
    consent.absent(50.0)
    consent.present(60.0)
    assert not consent.tick(10.0 + ABSENT_SECONDS)
    consent.absent(80.0)
    assert consent.tick(80.0 + ABSENT_SECONDS)
    assert consent.ended == Ending("system", "refused")


def test_absence_cancels_after_sixty_seconds() -> None:
    consent = asked()
    consent.absent(10.0)
    assert not consent.tick(69.9)
    assert consent.tick(70.0)
    assert (consent.state, consent.viewer) == (State.WAITING, None)


def test_a_lost_connection_takes_no_consent() -> None:
    consent = asked()
    consent.answer(True, 3.0)
    consent.absent(4.0)
    assert not consent.tick(1000.0)
    assert consent.may_capture


def test_pause_stops_both_and_resume_brings_them_back() -> None:
    consent = asked()
    consent.answer(True, 3.0)
    consent.pause(4.0)
    assert (consent.may_capture, consent.may_apply_input) == (False, False)
    assert consent.grants == {"view", "control"}
    consent.resume(5.0)
    assert (consent.may_capture, consent.may_apply_input) == (True, True)


def test_a_withdrawn_grant_stays_away() -> None:
    consent = asked()
    consent.answer(True, 3.0)
    assert consent.withdraw("control") == {"view"}
    assert (consent.may_capture, consent.may_apply_input) == (True, False)
    consent.left(4.0)
    consent.begin(3, 5.0)
    consent.agreed_by_link(5.0)
    consent.answer(True, 6.0)
    assert consent.grants == {"view"}


def test_the_first_ending_stands() -> None:
    consent = asked()
    consent.end("customer", "ended")
    assert consent.end("operator", "ended") is State.ENDED
    assert consent.ended == Ending("customer", "ended")
    assert (consent.may_capture, consent.grants) == (False, frozenset())


@pytest.mark.rule("R12")
def test_only_yes_and_resume_lead_to_approved() -> None:
    ways = {key for key, following in TRANSITIONS.items() if following is State.APPROVED}
    assert ways == {(State.ASK, Event.YES), (State.PAUSED, Event.RESUME)}
    assert {following for (state, _), following in TRANSITIONS.items() if state is State.ENDED} == {State.ENDED}


@pytest.mark.rule("R12")
def test_everything_outside_the_table_raises_and_changes_nothing() -> None:
    for state, event in product(State, Event):
        if (state, event) in TRANSITIONS:
            continue
        consent = Consent("control")
        consent._state = state
        with pytest.raises(ConsentError):
            consent._fire(event)
        assert consent.state is state
