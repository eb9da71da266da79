"""Whose hand is it? Mouse and keyboard over VNC are the person's own; what the injector does is not (row P2)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from agent.host.input.own import NoOwnInput, X11OwnInput, own_input
from agent.host.input.x11 import X11Injector
from tests.fixtures.xvfb import Xvfb
from tests.fixtures.xvnc import Hand, run_xvnc
from wire.messages.input import ButtonEvent, KeyEvent, PointerMove, TextEvent, WheelEvent

pytestmark = pytest.mark.x11
SECONDS = 10.0
A = 0x61


@pytest.fixture(scope="module")
def machine() -> Iterator[tuple[Xvfb, Hand]]:
    with run_xvnc() as running:
        yield running


@contextmanager
def watching(server: Xvfb) -> Iterator[threading.Event]:
    used, watch = threading.Event(), X11OwnInput(server.display)
    watch.start(used.set)
    try:
        yield used
    finally:
        watch.stop()
        watch.stop()


def test_a_hand_on_the_mouse_and_on_the_keyboard_is_noticed(machine: tuple[Xvfb, Hand]) -> None:
    server, hand = machine
    acts: list[Callable[[], None]] = [
        lambda: hand.moves(200, 150),
        lambda: hand.moves(200, 150, 1),
        lambda: hand.presses(A),
    ]
    for act in acts:
        with watching(server) as used:
            act()
            assert used.wait(SECONDS)
    hand.moves(10, 10)


def test_what_is_injected_is_not_the_persons(machine: tuple[Xvfb, Hand]) -> None:
    server, hand = machine
    injector = X11Injector(server.display)
    with watching(server) as used:
        for event in (
            PointerMove(0, 300, 200), ButtonEvent(True, 1, 300, 200), ButtonEvent(False, 1, 300, 200),
            WheelEvent(0, 120, 300, 200), KeyEvent(True, A), KeyEvent(False, A), TextEvent("Tasuki 襷"),
        ):  # fmt: skip
            injector.apply(event)
        injector.close()
        # The X server tells events in order: once the hand is noticed, everything before it was seen, and was nobody's.
        assert not used.is_set()
        hand.moves(301, 201)
        assert used.wait(SECONDS)


def test_a_machine_that_cannot_tell_says_so_by_never_suspending() -> None:
    assert isinstance(own_input({}), NoOwnInput)
    nothing = own_input({})
    nothing.start(lambda: pytest.fail("nobody was there"))
    nothing.stop()
