"""The life of a session is the table and nothing else."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.problems import TransitionNotAllowed
from api.sessions.states import OVER, TABLE, Happening, State, next_state


@pytest.mark.parametrize(("state", "happening"), list(product(State, Happening)))
def test_what_is_not_in_the_table_raises(state: State, happening: Happening) -> None:
    if (state, happening) in TABLE:
        assert next_state(state, happening) is TABLE[state, happening]
    else:
        with pytest.raises(TransitionNotAllowed):
            next_state(state, happening)


def test_an_unknown_state_raises() -> None:
    with pytest.raises(ValueError, match="dancing"):
        next_state("dancing", Happening.END)


@given(st.lists(st.sampled_from(list(Happening)), max_size=20))
def test_what_is_over_stays_over_and_expires_only_from_waiting(happenings: list[Happening]) -> None:
    state = State.WAITING
    for happening in happenings:
        try:
            after = next_state(state, happening)
        except TransitionNotAllowed:
            continue
        assert state not in OVER
        assert after is not State.EXPIRED or state is State.WAITING
        assert after is not State.ACTIVE or state is not State.WAITING
        state = after


def test_every_state_that_is_not_over_can_end() -> None:
    assert {state for state, happening in TABLE if happening is Happening.END} == set(State) - OVER
