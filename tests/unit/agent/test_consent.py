"""The consent machine, case by case."""

from itertools import product

import pytest

from agent.host.asking import ABSENT_SECONDS, ANSWER_SECONDS, VERIFICATION_SECONDS
from agent.host.consent import (
    GRACE_SECONDS,
    RETURN_SECONDS,
    TRANSITIONS,
    Consent,
    ConsentError,
    Ending,
    Event,
    KeptConsent,
    Mode,
    State,
    Verdict,
    VerificationPendingError,
)
from agent.host.states import Run


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
    assert consent.pending == 2


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
    assert (consent.state, consent.pending) == (State.WAITING, None)


def test_a_lost_connection_takes_no_consent() -> None:
    consent = asked()
    consent.answer(True, 3.0)
    consent.absent(4.0)
    assert not consent.tick(1000.0)
    assert consent.may_capture


def accepted(mode: Mode = "control", features: tuple[str, ...] = ("chat",)) -> Consent:
    consent = Consent(mode, features)
    consent.begin(2, 0.0)
    consent.agreed_by_link(1.0)
    consent.answer(True, 3.0)
    return consent


def test_what_each_state_leaves_and_going_on_brings_all_of_it_back() -> None:
    consent = accepted(features=("chat", "clipboard_to_customer", "teleport"))
    everything = {"view", "control", "chat", "clipboard_to_customer"}
    assert consent.grants == everything
    left = [(consent.pause, set()), (consent.view_only, {"view", "chat"}), (consent.chat_only, {"chat"})]
    for choice, grants in left:
        choice(4.0)
        assert consent.grants == grants
        assert (consent.may_capture, consent.may_apply_input) == ("view" in grants, False)
    consent.resume(5.0)
    assert consent.grants == everything
    assert (consent.may_capture, consent.may_apply_input) == (True, True)


def test_a_withdrawn_grant_stays_away_until_it_is_given_again() -> None:
    consent = accepted()
    assert consent.withdraw("control") == {"view", "chat"}
    assert (consent.may_capture, consent.may_apply_input) == (True, False)
    consent.left(2, 4.0)
    consent.begin(3, 5.0)
    consent.agreed_by_link(5.0)
    consent.answer(True, 6.0)
    assert consent.grants == {"view", "chat"}
    assert consent.allow("control") == {"view", "chat", "control"}
    with pytest.raises(ConsentError):
        consent.allow("print")
    assert consent.narrow({"view"}) == {"view"}
    with pytest.raises(ConsentError):
        consent.allow("control")


def test_files_never_move_while_looking_on_and_nothing_leaves_the_customers_machine_while_it_looks_on() -> None:
    everything = ("chat", "file_to_customer", "file_from_customer", "clipboard_from_customer", "system_information")
    assert accepted("view", everything).grants == {"view", "chat", "clipboard_from_customer", "system_information"}
    for mode in ("share", "present"):
        assert Consent(mode, everything).possible - {"control"} == {"view", "chat"}


def test_own_input_suspends_at_once_and_rest_gives_back() -> None:
    consent = accepted()
    assert consent.own_input(10.0)
    assert (consent.state, consent.may_apply_input, consent.may_capture) == (State.SUSPENDED, False, True)
    assert not consent.own_input(12.0), "it was ours already"
    consent.tick(12.0 + RETURN_SECONDS - 0.01)
    assert consent.state is State.SUSPENDED
    consent.tick(12.0 + RETURN_SECONDS)
    assert (consent.state, consent.may_apply_input, consent.suspensions) == (State.APPROVED, True, 1)


def test_control_is_given_back_by_hand_and_the_hand_may_move_away() -> None:
    consent = Consent("control", return_seconds=None)
    consent.begin(2, 0.0)
    consent.agreed_by_link(0.0)
    consent.answer(True, 0.0)
    consent.own_input(1.0)
    consent.tick(1000.0)
    assert consent.state is State.SUSPENDED
    assert consent.give_back(1000.0) is State.APPROVED
    assert not consent.own_input(1000.0 + GRACE_SECONDS / 2)
    assert consent.own_input(1000.0 + GRACE_SECONDS)


@pytest.mark.parametrize("choose", ["pause", "view_only", "chat_only"])
def test_own_input_changes_nothing_where_nobody_else_is_in_control(choose: str) -> None:
    consent = accepted()
    getattr(consent, choose)(4.0)
    state = consent.state
    assert not consent.own_input(5.0)
    assert consent.state is state
    assert not accepted("view").own_input(5.0)


def test_a_further_viewer_is_asked_for_by_itself() -> None:
    consent = accepted()
    assert consent.begin(3, 4.0, at_most={"view"}) is State.HANDSHAKE
    assert (consent.state, consent.pending, consent.step) == (State.APPROVED, 3, State.HANDSHAKE)
    assert consent.grants_of(3) == frozenset()
    consent.agreed("123456", 4.0)
    assert consent.enter_digits("123456", 5.0) is Verdict.RIGHT
    assert consent.answer(True, 6.0) is State.APPROVED
    assert consent.accepted == {2, 3}
    assert consent.pending is None
    assert (consent.may_control(2), consent.may_control(3)) == (True, False)
    assert consent.left(2, 7.0) is State.APPROVED
    assert consent.left(3, 8.0) is State.WAITING


def test_no_to_a_further_viewer_and_silence_leave_the_session_as_it_is() -> None:
    consent = accepted()
    for answer in (lambda: consent.answer(False, 6.0), lambda: consent.tick(4.0 + ANSWER_SECONDS)):
        consent.begin(3, 4.0)
        consent.agreed_by_link(4.0)
        answer()
        assert (consent.state, consent.pending, consent.ended) == (State.APPROVED, None, None)
        assert consent.accepted == {2}


def test_the_last_viewer_leaves_while_another_is_asked_for() -> None:
    consent = accepted()
    consent.begin(3, 4.0)
    consent.agreed_by_link(4.0)
    assert consent.left(2, 5.0) is State.ASK
    assert not consent.may_capture
    assert consent.answer(True, 6.0) is State.APPROVED
    assert consent.accepted == {3}


def test_the_customer_decides_elsewhere_and_the_operator_hears_it() -> None:
    consent = Consent("share", ("chat",))
    consent.begin(2, 0.0)
    assert consent.agreed("123456", 0.0) is State.ELSEWHERE
    assert consent.digits == "123456"
    assert consent.accepted_there(1.0, by_link=False) is State.ASK
    assert not consent.may_capture
    assert consent.answer(True, 2.0) is State.APPROVED
    assert consent.grants == {"view", "chat"}
    assert consent.allow("control") == {"view", "chat", "control"}
    by_link = Consent("present")
    by_link.begin(2, 0.0)
    assert by_link.agreed_by_link(0.0) is State.ELSEWHERE
    assert by_link.accepted_there(1.0, by_link=True) is State.APPROVED
    with pytest.raises(ConsentError):
        by_link.allow("control")


def test_what_is_kept_comes_back_as_it_was_and_nothing_else_does() -> None:
    consent = accepted()
    consent.withdraw("control")
    consent.pause(4.0)
    kept = consent.kept()
    assert kept is not None
    back = Consent("control", ("chat",), kept=kept)
    assert back.accepted == {2}
    assert (back.state, back.may_capture) == (State.PAUSED, False)
    back.resume(5.0)
    assert back.grants == {"view", "chat"}
    assert Consent("control").kept() is None
    for wrong in ("ask", "ended", "waiting"):
        with pytest.raises(ConsentError):
            Consent("control", kept=KeptConsent(wrong, {2: ["view"]}, [], 0))


def test_the_first_ending_stands() -> None:
    consent = asked()
    consent.end("customer", "ended")
    assert consent.end("operator", "ended") is State.ENDED
    assert consent.ended == Ending("customer", "ended")
    assert (consent.may_capture, consent.grants) == (False, frozenset())


@pytest.mark.rule("R12")
def test_only_yes_and_resume_lead_to_approved() -> None:
    ways = {key for key, following in TRANSITIONS.items() if following is State.APPROVED}
    assert ways == {
        (State.ASK, Event.YES),
        (State.ELSEWHERE, Event.ACCEPTED_BY_LINK),
        (State.SUSPENDED, Event.GIVE_BACK),
        (State.PAUSED, Event.RESUME),
        (State.VIEW_ONLY, Event.RESUME),
        (State.CHAT_ONLY, Event.RESUME),
    }
    assert {following for (state, _), following in TRANSITIONS.items() if state is State.ENDED} == {State.ENDED}


@pytest.mark.rule("R12")
def test_everything_outside_the_table_raises_and_changes_nothing() -> None:
    for state, event in product(State, Event):
        if (state, event) in TRANSITIONS:
            continue
        run = Run()
        run.state = state
        with pytest.raises(ConsentError):
            run.fire(event)
        assert run.state is state
