"""Whatever a viewer sends, in whatever order: nothing stays down, and text arrives whole."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from Xlib.display import Display

from agent.host.input import FakeInjector
from agent.host.input.x11 import X11Injector
from agent.host.ui.lines import LineEditor
from tests.fixtures.xvfb import Xvfb, run_xvfb
from wire.messages.chat import shown
from wire.messages.input import BUTTONS, ButtonEvent, Event, KeyEvent, PointerMove, ReleaseAll, TextEvent, WheelEvent

places = st.integers(0, 0xFFFF)
keysyms = st.one_of(
    st.sampled_from([0xFFE1, 0xFFE2, 0xFFE3, 0xFFE9, 0xFFEB, 0xFE03, 0xFFE5, 0xFF0D, 0xFF09, 0xFF7F, 0xFFB1, 0x20AC]),
    st.integers(0x20, 0x17F),
    st.integers(0x01000100, 0x01003100),
    st.integers(0, 0xFFFFFFFF),
)
events: st.SearchStrategy[Event | PointerMove] = st.one_of(
    st.builds(KeyEvent, st.booleans(), keysyms),
    st.builds(ButtonEvent, st.booleans(), st.sampled_from(sorted(BUTTONS)), places, places),
    st.builds(WheelEvent, st.integers(-32768, 32767), st.integers(-32768, 32767), places, places),
    st.builds(PointerMove, places, places, places),
    st.builds(TextEvent, st.text(max_size=3)),
    st.just(ReleaseAll()),
)


@given(st.lists(events, max_size=40))
def test_nothing_stays_down_in_the_fake(sequence: list[Event | PointerMove]) -> None:
    injector = FakeInjector()
    for event in sequence:
        injector.apply(event)
    injector.release_all()
    down = [entry for entry in injector.done if entry[0] in ("key", "button")]
    for name in ("key", "button"):
        for what in {entry[2] for entry in down if entry[0] == name}:
            turns = [entry[1] for entry in down if entry[0] == name and entry[2] == what]
            assert turns == [1, 0] * (len(turns) // 2)


@pytest.fixture(scope="module")
def server() -> Iterator[Xvfb]:
    with run_xvfb() as running:
        yield running


@pytest.mark.x11
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(events, max_size=25))
def test_nothing_stays_down_on_a_real_server(server: Xvfb, sequence: list[Event | PointerMove]) -> None:
    injector = X11Injector(server.display, sleep=lambda _seconds: None)
    watch = Display(server.display)
    try:
        for event in sequence:
            injector.apply(event)
        injector.release_all()
        injector._display.sync()
        assert not any(watch.query_keymap())
        assert watch.screen().root.query_pointer().mask & 0x1FFF == 0
    finally:
        injector.close()
        watch.close()


@given(st.text(), st.lists(st.integers(0, 50)))
def test_a_line_is_the_same_however_it_is_cut(text: str, cuts: list[int]) -> None:
    whole, pieces = _lines([text]), _lines(_cut(text.replace("\x1b", ""), cuts))
    if "\x1b" not in text:
        assert whole == pieces
    assert all(shown(line) == line for line in whole + pieces)
    assert not any(set(line) & set("\x1b\n\x7f\u202e") for line in whole + pieces)


def _lines(pieces: list[str]) -> list[str]:
    lines: list[str] = []
    editor = LineEditor(lines.append, lambda _shown: None)
    for piece in pieces:
        editor.feed(piece)
    editor.feed("\n")
    return lines


def _cut(text: str, cuts: list[int]) -> list[str]:
    places = [0, *sorted({min(cut, len(text)) for cut in cuts}), len(text)]
    return [text[start:end] for start, end in pairwise(places)]
