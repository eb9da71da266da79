"""Every cell of the FRAME table of docs/protocol.md 8, and what the limits around it do."""

import pytest

from relay.limits import CATCHUP_BYTES
from relay.messages import Message
from relay.pictures import TABLE, Event, PictureQueue, State, Step, event_of
from tests.unit.relay.build import catchup, group, screen
from wire.errors import TooLarge
from wire.header import FIRST, LAST
from wire.limits import BEHIND_INTERVAL_SECONDS, LIVE_QUEUE_BYTES, LIVE_QUEUE_SECONDS

PART = 60_000


def queue_in(state: State) -> PictureQueue:
    """A queue brought into a state by what a host would send."""
    queue = PictureQueue()
    if state is not State.NEW:
        queue.admit(0.0)
    if state in {State.CATCH, State.LIVE}:
        assert queue.put(catchup(), 0.0)
        queue.take(0.0)
    if state is State.LIVE:
        assert queue.put(group(), 0.0)
        queue.take(0.0)
    assert state_of(queue) == state
    return queue


def state_of(queue: PictureQueue) -> State:
    """The state as a function, so that mypy does not take it for unchanged after a call."""
    return queue.state


def drain(queue: PictureQueue, now: float = 0.0) -> list[Message]:
    taken = []
    while (message := queue.take(now)) is not None:
        taken.append(message)
    return taken


def overflow(queue: PictureQueue, now: float = 0.0) -> None:
    """Put live parts until the viewer is cut."""
    while queue.state is State.LIVE:
        queue.put(screen(size=PART, now=now), now)


def test_the_table_has_every_state_and_event() -> None:
    assert set(TABLE) == set(State)
    assert all(set(row) == set(Event) for row in TABLE.values())


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (catchup(), Event.CATCHUP_FIRST),
        (catchup(FIRST), Event.CATCHUP_FIRST),
        (catchup(LAST), Event.CATCHUP_MORE),
        (group(), Event.GROUP_FIRST),
        (group(LAST), Event.LIVE_PART),
        (screen(), Event.LIVE_PART),
        (screen(0), Event.LIVE_PART),
    ],
)
def test_parts_are_told_apart_by_their_flags(message: Message, event: Event) -> None:
    assert event_of(message) is event


@pytest.mark.parametrize("state", list(State))
def test_admit_clears_and_cuts(state: State) -> None:
    queue = queue_in(state)
    queue.put(screen(), 0.0)
    queue.admit(0.0)
    assert state_of(queue) == State.CUT
    assert len(queue) == 0
    assert not queue.behind(100.0)


@pytest.mark.parametrize(
    ("state", "after"),
    [(State.NEW, State.NEW), (State.CUT, State.CUT), (State.CATCH, State.CUT), (State.LIVE, State.CUT)],
)
def test_a_new_host_cuts_everybody_it_had_let_in(state: State, after: State) -> None:
    queue = queue_in(state)
    queue.put(screen(), 0.0)
    queue.host_joined(0.0)
    assert state_of(queue) == after
    assert len(queue) == 0


@pytest.mark.parametrize("message", [catchup(), catchup(LAST), group(), screen()])
def test_new_gets_no_picture(message: Message) -> None:
    queue = queue_in(State.NEW)
    assert not queue.put(message, 0.0)
    assert state_of(queue) == State.NEW
    assert queue.take(0.0) is None


@pytest.mark.parametrize("message", [group(), screen(), catchup(LAST)])
def test_cut_drops_all_but_the_start_of_a_catchup(message: Message) -> None:
    queue = queue_in(State.CUT)
    assert not queue.put(message, 0.0)
    assert state_of(queue) == State.CUT


def test_cut_begins_a_catchup() -> None:
    queue = queue_in(State.CUT)
    first, last = catchup(FIRST), catchup(LAST, seq=1)
    assert queue.put(first, 0.0)
    assert state_of(queue) == State.CATCH
    assert queue.put(last, 0.0)
    assert drain(queue) == [first, last]


def test_cut_drops_a_catchup_while_a_whole_one_is_still_queued() -> None:
    queue = queue_in(State.CUT)
    whole = catchup(size=PART)
    queue.put(whole, 0.0)
    queue.put(group(), 0.0)
    overflow(queue)
    assert state_of(queue) == State.CUT
    assert not queue.put(catchup(seq=9), 0.0)
    assert drain(queue) == [whole]


def test_cut_replaces_an_incomplete_catchup() -> None:
    queue = queue_in(State.CUT)
    queue.put(catchup(FIRST), 0.0)
    queue.put(group(), 0.0)
    overflow(queue)
    assert state_of(queue) == State.CUT
    whole = catchup(seq=9)
    assert queue.put(whole, 0.0)
    assert state_of(queue) == State.CATCH
    assert drain(queue) == [whole]


def test_cut_goes_on_taking_the_parts_of_a_catchup_that_was_begun() -> None:
    queue = queue_in(State.CUT)
    first, last = catchup(FIRST), catchup(LAST, seq=1)
    queue.put(first, 0.0)
    queue.put(group(), 0.0)
    overflow(queue)
    assert queue.put(last, 0.0)
    assert drain(queue) == [first, last]


def test_catch_replaces_a_catchup_whose_last_part_never_came() -> None:
    queue = queue_in(State.CUT)
    queue.put(catchup(FIRST), 0.0)
    again = catchup(seq=5)
    assert queue.put(again, 0.0)
    assert state_of(queue) == State.CATCH
    assert drain(queue) == [again]


def test_catch_keeps_a_whole_catchup() -> None:
    queue = queue_in(State.CUT)
    whole = catchup()
    queue.put(whole, 0.0)
    assert not queue.put(catchup(seq=5), 0.0)
    assert drain(queue) == [whole]


def test_catch_drops_live_parts_until_the_group_starts() -> None:
    queue = queue_in(State.CATCH)
    assert not queue.put(screen(), 0.0)
    assert not queue.put(group(LAST), 0.0)
    assert state_of(queue) == State.CATCH


def test_catch_goes_live_with_the_group_and_sends_it_behind_the_catchup() -> None:
    queue = queue_in(State.CUT)
    first, last, start = catchup(FIRST), catchup(LAST, seq=1), group(seq=2)
    queue.put(first, 0.0)
    queue.put(start, 0.0)
    assert state_of(queue) == State.LIVE
    assert drain(queue) == [first], "the group waits until the catch-up before it is whole"
    assert not queue.sendable
    queue.put(last, 0.0)
    assert drain(queue) == [last, start]


@pytest.mark.parametrize("message", [group(), group(LAST), screen()])
def test_live_queues(message: Message) -> None:
    queue = queue_in(State.LIVE)
    assert queue.put(message, 0.0)
    assert state_of(queue) == State.LIVE
    assert drain(queue) == [message]


@pytest.mark.parametrize("message", [catchup(), catchup(LAST)])
def test_live_drops_the_catchups_of_others(message: Message) -> None:
    queue = queue_in(State.LIVE)
    assert not queue.put(message, 0.0)
    assert state_of(queue) == State.LIVE


def test_parts_of_a_dropped_catchup_are_not_mixed_into_one_that_was_begun() -> None:
    queue = queue_in(State.CUT)
    mine = catchup(FIRST)
    queue.put(mine, 0.0)
    queue.put(group(), 0.0)
    assert not queue.put(catchup(FIRST, seq=5), 0.0)
    assert not queue.put(catchup(LAST, seq=6), 0.0)
    assert drain(queue) == [mine]


def test_too_many_live_bytes_cut() -> None:
    queue = queue_in(State.LIVE)
    queue.put(screen(size=LIVE_QUEUE_BYTES // 2), 0.0) if LIVE_QUEUE_BYTES // 2 < PART else None
    overflow(queue)
    assert state_of(queue) == State.CUT
    assert len(queue) == 0
    assert (queue.cuts, queue.shed > 0) == (1, True)


def test_live_parts_that_wait_too_long_cut() -> None:
    queue = queue_in(State.LIVE)
    queue.put(screen(now=1.0), 1.0)
    queue.check_limits(1.0 + LIVE_QUEUE_SECONDS)
    assert state_of(queue) == State.LIVE
    queue.check_limits(1.01 + LIVE_QUEUE_SECONDS)
    assert state_of(queue) == State.CUT


def test_live_parts_do_not_age_behind_their_own_catchup() -> None:
    queue = queue_in(State.CUT)
    queue.put(catchup(), 0.0)
    queue.put(group(), 0.0)
    queue.check_limits(30.0)
    assert state_of(queue) == State.LIVE
    queue.take(30.0)
    queue.check_limits(30.0 + LIVE_QUEUE_SECONDS)
    assert state_of(queue) == State.LIVE
    queue.check_limits(30.1 + LIVE_QUEUE_SECONDS)
    assert state_of(queue) == State.CUT


def test_a_catchup_without_its_end_does_not_hold_the_live_stream_for_ever() -> None:
    queue = queue_in(State.CUT)
    queue.put(catchup(FIRST), 0.0)
    queue.put(group(), 0.0)
    drain(queue)
    queue.check_limits(0.1 + LIVE_QUEUE_SECONDS)
    assert state_of(queue) == State.CUT
    assert queue.behind(0.1 + LIVE_QUEUE_SECONDS)


def test_a_cut_keeps_the_catchup_that_was_begun() -> None:
    queue = queue_in(State.CUT)
    whole = catchup(size=PART)
    queue.put(whole, 0.0)
    queue.put(group(), 0.0)
    overflow(queue)
    assert drain(queue) == [whole]


def test_behind_is_told_once_per_cut_and_only_when_drained() -> None:
    queue = queue_in(State.CUT)
    queue.put(catchup(), 0.0)
    queue.put(group(), 0.0)
    overflow(queue)
    assert not queue.behind(1.0), "its catch-up is still queued"
    drain(queue)
    assert queue.behind(1.0)
    assert not queue.behind(100.0), "once"


def test_behind_is_told_at_most_every_five_seconds() -> None:
    queue = queue_in(State.LIVE)
    overflow(queue)
    assert queue.behind(10.0)
    queue.put(catchup(), 10.0)
    queue.put(group(), 10.0)
    drain(queue, 10.0)
    overflow(queue, 10.0)
    assert not queue.behind(10.0 + BEHIND_INTERVAL_SECONDS - 0.1)
    assert queue.tells_host
    assert queue.behind(10.0 + BEHIND_INTERVAL_SECONDS)


def test_a_catchup_that_begins_takes_back_the_behind() -> None:
    queue = queue_in(State.LIVE)
    overflow(queue)
    queue.put(catchup(), 0.0)
    drain(queue)
    assert not queue.behind(100.0)


@pytest.mark.rule("R06")
def test_evil_catchup_without_end_is_refused() -> None:
    queue = queue_in(State.CUT)
    queue.put(catchup(FIRST), 0.0)
    for _ in range(CATCHUP_BYTES // (PART + 28)):
        queue.put(catchup(0, size=PART), 0.0)
    with pytest.raises(TooLarge):
        queue.put(catchup(0, size=PART), 0.0)
    assert queue.size == 0


def test_steps_are_all_used() -> None:
    assert {step for row in TABLE.values() for step in row.values()} == set(Step)
