"""Input without a display: places, wheel, what is held, and the worker that asks the consent."""

import threading

import pytest

from agent.host.input import Area, FakeInjector, InputLostError, InputWorker, NoDisplayError, open_injector
from agent.host.input import keysyms as ks
from agent.host.input.x11_keymap import REST_SECONDS, Layout, SpareKeys
from wire.messages.input import ButtonEvent, Event, KeyEvent, PointerMove, ReleaseAll, TextEvent, WheelEvent


@pytest.mark.parametrize(
    ("x", "y", "place"), [(0, 0, (100, 50)), (5, 6, (105, 56)), (65535, 0, (739, 50)), (0, 65535, (100, 529))]
)
def test_places_stay_inside_the_picture(x: int, y: int, place: tuple[int, int]) -> None:
    assert Area(100, 50, 640, 480).place(x, y) == place


def test_a_button_is_pressed_once_and_where_it_was_pressed() -> None:
    injector = FakeInjector()
    for event in (ButtonEvent(True, 1, 5, 6), ButtonEvent(True, 1, 7, 8), ButtonEvent(False, 1, 9, 9)):
        injector.apply(event)
    assert injector.done == [("move", 5, 6), ("button", 1, 1), ("move", 7, 8), ("move", 9, 9), ("button", 0, 1)]


def test_small_wheel_steps_add_up_and_huge_ones_are_cut() -> None:
    injector = FakeInjector()
    for units in (50, 50, 50, -30, -120, 32767):
        injector.apply(WheelEvent(0, units, 1, 1))
    assert [entry for entry in injector.done if entry[0] == "scroll"] == [
        ("scroll", 0, 1),
        ("scroll", 0, -1),
        ("scroll", 0, 20),
    ]


@pytest.mark.parametrize("event", [ReleaseAll(), None])
def test_nothing_stays_down(event: ReleaseAll | None) -> None:
    injector = FakeInjector()
    for down in (KeyEvent(True, 0xFFE1), KeyEvent(True, 0x41), ButtonEvent(True, 3, 1, 1), ButtonEvent(True, 1, 1, 1)):
        injector.apply(down)
    if event:
        injector.apply(event)
    else:
        injector.close()
    assert not injector.held
    assert injector.done[-4:] == [("button", 0, 1), ("button", 0, 3), ("key", 0, 0x41), ("key", 0, 0xFFE1)]


@pytest.mark.parametrize("keysym", [0, 7, 0x80, 0xFED5, 0x1008FE01, 0x0100D800, 0x01000000, 0x01110000, 0xFFFFFFFF])
def test_keysyms_that_no_viewer_may_send(keysym: int) -> None:
    injector = FakeInjector()
    injector.apply(KeyEvent(True, keysym))
    assert injector.ignored["unknown key"] == 1
    assert not injector.done


@pytest.mark.parametrize(
    ("char", "keysym"),
    [("a", 0x61), ("ä", 0xE4), ("€", 0x20AC), ("あ", 0x01003042), ("😀", 0x0101F600), ("\n", 0xFF0D), ("\t", 0xFF09)],
)
def test_characters_have_keysyms(char: str, keysym: int) -> None:
    assert ks.keysym_of(char) == keysym
    assert ks.char_of(keysym) == (char if char.isprintable() else None)
    assert ks.normal(ks.UNICODE + ord(char)) == keysym or not char.isprintable()


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\x7f", "\x9b", "\ud800"])
def test_control_characters_are_no_text(char: str) -> None:
    assert ks.keysym_of(char) is None


class Server:
    """The part of an X connection that lending needs."""

    def __init__(self) -> None:
        self.rows: dict[int, list[int]] = {}

    def change_keyboard_mapping(self, keycode: int, rows: list[list[int]]) -> None:
        self.rows[keycode] = rows[0]


def test_a_spare_key_rests_before_it_is_given_away() -> None:
    spare = SpareKeys(Server())
    spare.offer([100])
    assert spare.lend([1001, 1002, 1003], now=10.0) == 0
    assert spare.find(1003, 10.1) is None
    assert spare.find(1001, 10.2)
    wait = spare.lend([1003], now=10.2)
    assert wait == pytest.approx(REST_SECONDS - 0.2)
    assert spare.lend([1003], now=10.0 + REST_SECONDS) == 0
    assert spare.find(1002, 11.0) is None
    assert spare.find(1001, 11.0)


def test_spare_keys_are_left_empty_at_the_end() -> None:
    server = Server()
    spare = SpareKeys(server)
    spare.offer([100, 101])
    spare.lend([1001], now=1.0)
    assert server.rows == {100: [1001] * 4}
    spare.give_back()
    assert server.rows == {100: [0]}


def test_the_layout_knows_when_shift_does_not_matter() -> None:
    layout = Layout(10, [[0x61, 0x41, 0x61, 0x41], [0x20, 0, 0x20, 0], [0, 0, 0, 0]], lent=())
    assert [(place.keycode, place.shift) for place in (layout.find(k, 0) for k in (0x61, 0x41, 0x20)) if place] == [
        (10, False),
        (10, True),
        (11, None),
    ]
    assert layout.empty == [12]


def test_no_display_says_what_to_do() -> None:
    with pytest.raises(NoDisplayError, match="desktop session"):
        open_injector({})


class Gate:
    def __init__(self) -> None:
        self.open = True

    def __call__(self) -> bool:
        return self.open


@pytest.mark.rule("R12")
def test_the_worker_applies_nothing_that_is_not_permitted() -> None:
    gate, injector = Gate(), FakeInjector()
    gate.open = False
    worker = InputWorker(injector, gate)
    worker.submit(KeyEvent(True, 0x61))
    gate.open = True
    worker.submit(KeyEvent(True, 0x62))
    assert worker.wait_idle(5)
    assert injector.done == [("key", 1, 0x62)]
    assert worker.refused == 1
    worker.close()
    assert injector.held == []


@pytest.mark.rule("R12")
def test_what_waits_when_the_customer_stops_is_never_applied() -> None:
    gate, started, go_on = Gate(), threading.Event(), threading.Event()

    class Slow(FakeInjector):
        def _text(self, text: str) -> None:
            started.set()
            go_on.wait(5)
            super()._text("broken off" if self.halted() else text)

    injector = Slow()
    worker = InputWorker(injector, gate)
    events: list[Event] = [TextEvent("long"), KeyEvent(True, 0x61), TextEvent("more")]
    for event in events:
        worker.submit(event)
    assert started.wait(5)
    gate.open = False
    worker.release_all()
    go_on.set()
    assert worker.wait_idle(5)
    worker.close()
    assert injector.done == [("text", "broken off")]


def test_waiting_pointer_places_are_replaced_by_the_newest() -> None:
    gate, hold = Gate(), threading.Event()

    class Held(FakeInjector):
        def _text(self, text: str) -> None:
            hold.wait(5)

    injector = Held()
    worker = InputWorker(injector, gate)
    worker.submit(TextEvent("x"))
    for x in range(50):
        worker.submit(PointerMove(0, x, 0))
    hold.set()
    assert worker.wait_idle(5)
    worker.close()
    assert injector.done[-1] == ("move", 49, 0)
    assert len(injector.done) <= 2


def test_a_lost_display_is_told_once() -> None:
    class Gone(FakeInjector):
        def _key(self, down: bool, keysym: int) -> None:
            raise InputLostError("the display went away")

    told: list[Exception] = []
    worker = InputWorker(Gone(), lambda: True, told.append)
    worker.submit(KeyEvent(True, 0x61))
    worker.submit(KeyEvent(True, 0x62))
    worker.wait_idle(5)
    worker.close()
    assert len(told) == 1
