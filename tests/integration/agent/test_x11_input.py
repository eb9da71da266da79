"""Input on a real X server into real programs: what the operator typed is what arrives."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from Xlib import X
from Xlib.display import Display

from agent.host.input import InputLostError, InputWorker, NoDisplayError
from agent.host.input.x11 import X11Injector
from tests.fixtures.xvfb import Xvfb, run_xvfb
from tests.integration.agent.typing_targets import mousepad, xterm
from wire.messages.input import ButtonEvent, Event, KeyEvent, PointerMove, ReleaseAll, TextEvent, WheelEvent

pytestmark = pytest.mark.x11

SHIFT, CTRL, ALT, SUPER, ALTGR, TAB, RETURN, CAPS = 0xFFE1, 0xFFE3, 0xFFE9, 0xFFEB, 0xFE03, 0xFF09, 0xFF0D, 0xFFE5
TEXTS = (
    'The quick {brown} fox | jumps @ the "lazy" dog ~`\'\\ #$%^&*()_+-=[]<>?/;: 0123456789\n' * 4,
    "ä ö ü Ä Ö Ü ß ñ Ñ é è ç € ¿ ¡ Ł ł š ж Ж ω Ω « » ™ “quoted” – … 襷 😀\n" * 4,
    "リモートサポートの画面を確認します。日本語の入力、漢字とひらがなとカタカナ。\n",
    "いろはにほへとちりぬるをわかよたれそつねならむうゐのおくやまけふこえてあさきゆめみしゑひもせす\n",
    "天地玄黄宇宙洪荒日月盈昃辰宿列張寒来暑往秋収冬蔵閏余成歳律呂調陽雲騰致雨露結為霜\n",
)


@contextmanager
def injector_on(server: Xvfb) -> Iterator[X11Injector]:
    injector = X11Injector(server.display)
    try:
        yield injector
    finally:
        injector.close()


def tap(*keysyms: int) -> list[Event]:
    """The keys of a combination: down in order, up in reverse."""
    return [*(KeyEvent(True, key) for key in keysyms), *(KeyEvent(False, key) for key in reversed(keysyms))]


def as_browser(text: str) -> list[Event]:
    """Key events as a browser sends them: Shift held for what needs it there, each key up before the next."""
    events: list[Event] = []
    for char in text:
        keysym = RETURN if char == "\n" else ord(char) if ord(char) < 0x100 else 0x01000000 + ord(char)
        events += tap(SHIFT, keysym) if char.isupper() or char in '!"#$%&()*+?@{}|<>_~^:' else tap(keysym)
    return events


@pytest.mark.parametrize("program", [xterm, mousepad])
def test_text_arrives(xvfb: Xvfb, tmp_path: Path, program) -> None:  # type: ignore[no-untyped-def]
    with program(xvfb, tmp_path) as target, injector_on(xvfb) as injector:
        for text in TEXTS:
            injector.apply(TextEvent(text))
        assert target.until("".join(TEXTS)) == "".join(TEXTS)
        assert not injector.ignored


@pytest.mark.parametrize("program", [xterm, mousepad])
def test_keys_at_speed_arrive(xvfb: Xvfb, tmp_path: Path, program) -> None:  # type: ignore[no-untyped-def]
    text = "Hello, World! ä ñ é @ { } | € Straße ÄÖÜ (a+b)*c? 日本語キー: <x> ~^_\n" * 6
    with program(xvfb, tmp_path) as target, injector_on(xvfb) as injector:
        for event in as_browser(text):
            injector.apply(event)
        assert target.until(text) == text


@pytest.mark.parametrize("layout", ["de", "jp", "ru", "fr", "us,ru"])
def test_any_layout_of_the_customer_will_do(xvfb: Xvfb, tmp_path: Path, layout: str) -> None:
    text = "Zyx @{[]}|\\ ~ 'q' \"A\" ^° ä é ñ ß Привет 日本\n"
    subprocess.run(["setxkbmap", "-display", xvfb.display, layout], check=True)
    with xterm(xvfb, tmp_path) as target, injector_on(xvfb) as injector:
        for event in as_browser(text):
            injector.apply(event)
        injector.apply(TextEvent(text))
        assert target.until(text * 2) == text * 2


def test_a_layout_changed_in_the_middle(xvfb: Xvfb, tmp_path: Path) -> None:
    text = "zyx ä 漢字 {@}\n"
    with xterm(xvfb, tmp_path) as target, injector_on(xvfb) as injector:
        injector.apply(TextEvent(text))
        assert target.until(text) == text
        subprocess.run(["setxkbmap", "-display", xvfb.display, "de"], check=True)
        injector.apply(TextEvent(text))
        assert target.until(text * 2) == text * 2


def test_caps_lock_of_the_customer_changes_nothing(xvfb: Xvfb, tmp_path: Path) -> None:
    text = "Abc äÄ жЖ 1!\n"
    with xterm(xvfb, tmp_path) as target, injector_on(xvfb) as injector:
        subprocess.run(["xdotool", "key", "Caps_Lock"], env=xvfb.environ, check=True)
        for event in (*tap(CAPS), *as_browser(text), *tap(CAPS)):
            injector.apply(event)
        injector.apply(TextEvent(text))
        assert target.until(text * 2) == text * 2


def test_text_while_modifiers_are_held(xvfb: Xvfb, tmp_path: Path) -> None:
    with xterm(xvfb, tmp_path) as target, injector_on(xvfb) as injector:
        for event in (KeyEvent(True, CTRL), KeyEvent(True, SHIFT), TextEvent("aA é\n"), KeyEvent(False, SHIFT)):
            injector.apply(event)
        injector.apply(KeyEvent(False, CTRL))
        assert target.until("aA é\n") == "aA é\n"


def test_altgr_characters_as_windows_and_linux_send_them(xvfb: Xvfb, tmp_path: Path) -> None:
    with xterm(xvfb, tmp_path) as target, injector_on(xvfb) as injector:
        for event in (*tap(ALTGR, ord("@")), *tap(CTRL, ALTGR, ord("{")), *tap(CTRL, ALT, ALTGR, 0x20AC), *tap(RETURN)):
            injector.apply(event)
        assert target.until("@{€\n") == "@{€\n"


class KeyLog:
    """A window of its own that has the focus; `read` gives what X told it: (down, plain keysym of the key, state)."""

    def __init__(self, server: Xvfb) -> None:
        self._display = Display(server.display)
        screen = self._display.screen()
        mask = X.KeyPressMask | X.KeyReleaseMask | X.ButtonPressMask | X.ButtonReleaseMask | X.ExposureMask
        self._window = screen.root.create_window(0, 0, 1280, 800, 0, screen.root_depth, event_mask=mask)
        self._window.map()
        self._next(X.Expose)
        self._window.set_input_focus(X.RevertToParent, X.CurrentTime)
        self._display.sync()

    def close(self) -> None:
        self._display.close()

    def read(self, count: int) -> list[tuple[bool, int, int]]:
        """The next `count` key or button events."""
        events = [self._next(X.KeyPress, X.KeyRelease, X.ButtonPress, X.ButtonRelease) for _ in range(count)]
        return [(event.type in (X.KeyPress, X.ButtonPress), self._name(event), event.state & 0xFF) for event in events]

    def _name(self, event) -> int:  # type: ignore[no-untyped-def]
        if event.type in (X.ButtonPress, X.ButtonRelease):
            return int(event.detail)
        return int(self._display.keycode_to_keysym(event.detail, 0))

    def _next(self, *kinds: int):  # type: ignore[no-untyped-def]
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            while self._display.pending_events():
                event = self._display.next_event()
                if event.type in kinds:
                    return event
            time.sleep(0.002)
        raise AssertionError("no event came")


@pytest.fixture
def log(xvfb: Xvfb) -> Iterator[KeyLog]:
    keylog = KeyLog(xvfb)
    yield keylog
    keylog.close()


C, S, A, W = X.ControlMask, X.ShiftMask, X.Mod1Mask, X.Mod4Mask


@pytest.mark.parametrize(
    ("keys", "plain", "state"),
    [
        ((CTRL, ord("c")), ord("c"), C),
        ((CTRL, ord("C")), ord("c"), C),
        ((CTRL, SHIFT, ord("C")), ord("c"), C | S),
        ((CTRL, SHIFT, ord("c")), ord("c"), C | S),
        ((CTRL, ALT, ord("t")), ord("t"), C | A),
        ((ALT, TAB), TAB, A),
        ((ALT, SHIFT, TAB), TAB, A | S),
        ((SHIFT, TAB), TAB, S),
        ((SHIFT, 0x20), 0x20, S),
        ((SHIFT, 0xFF53), 0xFF53, S),
        ((SUPER, ord("l")), ord("l"), W),
        ((SHIFT, ord("A")), ord("a"), S),
        ((CTRL, 0xFFC9), 0xFFC9, C),
        ((CTRL, ord("+")), ord("="), C | S),
    ],
)
def test_combinations(xvfb: Xvfb, log: KeyLog, keys: tuple[int, ...], plain: int, state: int) -> None:
    with injector_on(xvfb) as injector:
        for event in tap(*keys):
            injector.apply(event)
        for _ in range(20):
            down, keysym, mask = log.read(1)[0]
            if down and keysym == plain:
                break
        assert mask == state
        assert injector._keyboard._state() & 0xFF == 0


@pytest.mark.parametrize(
    "keysym", [0xFFBE, 0xFFC9, 0xFF1B, 0xFF08, 0xFFFF, 0xFF50, 0xFF57, 0xFF55, 0xFF56, 0xFF52, 0xFF63]
)
def test_keys_that_are_no_characters(xvfb: Xvfb, log: KeyLog, keysym: int) -> None:
    with injector_on(xvfb) as injector:
        for event in tap(keysym):
            injector.apply(event)
        assert [(down, name) for down, name, _ in log.read(2)] == [(True, keysym), (False, keysym)]


@pytest.mark.parametrize("keysym", [0xFFBE, 0xFFC9, 0xFF08])
def test_evil_combinations_that_leave_the_desktop_are_ignored(xvfb: Xvfb, log: KeyLog, keysym: int) -> None:
    with injector_on(xvfb) as injector:
        for event in (*tap(CTRL, ALT, keysym), *tap(ord("x"))):
            injector.apply(event)
        assert [name for down, name, _ in log.read(6) if down] == [CTRL, ALT, ord("x")]
        assert injector.ignored == {"console key": 1}


@pytest.mark.parametrize("how", ["release", "close", "worker"])
def test_nothing_stays_down(xvfb: Xvfb, log: KeyLog, how: str) -> None:
    events: list[Event] = [KeyEvent(True, key) for key in (SHIFT, CTRL, ord("Q"), 0xE4)]
    events.append(ButtonEvent(True, 1, 10, 10))
    injector = X11Injector(xvfb.display)
    if how == "worker":
        worker = InputWorker(injector, lambda: True)
        for event in events:
            worker.submit(event)
        worker.wait_idle(5)
        worker.close()
    else:
        for event in events:
            injector.apply(event)
        if how == "release":
            injector.apply(ReleaseAll())
    injector.close()
    watch = Display(xvfb.display)
    assert not any(watch.query_keymap())
    assert watch.screen().root.query_pointer().mask & 0x1FFF == 0
    watch.close()


def test_a_key_released_under_another_name(xvfb: Xvfb, log: KeyLog) -> None:
    with injector_on(xvfb) as injector:
        for down, keysym in ((True, SHIFT), (True, ord("A")), (False, SHIFT), (False, ord("a"))):
            injector.apply(KeyEvent(down, keysym))
        for down, keysym in ((True, SHIFT), (True, ord("!")), (False, SHIFT), (False, ord("1"))):
            injector.apply(KeyEvent(down, keysym))
        assert not injector._keyboard._held
        assert not any(injector._display.query_keymap())


def test_a_late_release_is_no_row_of_characters(xvfb: Xvfb, tmp_path: Path) -> None:
    with xterm(xvfb, tmp_path) as target:
        worker = InputWorker(X11Injector(xvfb.display), lambda: True)
        for _ in range(3):
            worker.submit(KeyEvent(True, ord("k")))
        time.sleep(1.2)  # longer than the server's delay before it repeats a held key
        for event in (KeyEvent(True, ord("k")), KeyEvent(False, ord("k")), *tap(RETURN)):
            worker.submit(event)
        assert target.until("kkkk\n") == "kkkk\n"
        worker.close()


def test_pointer_buttons_and_wheel(xvfb: Xvfb, log: KeyLog) -> None:
    with injector_on(xvfb) as injector:
        injector.apply(PointerMove(0, 65535, 65535))
        pointer = injector._root.query_pointer()
        assert (pointer.root_x, pointer.root_y) == (1279, 799)
        for event in (ButtonEvent(True, 3, 100, 200), ButtonEvent(False, 3, 101, 200), WheelEvent(0, 240, 5, 5)):
            injector.apply(event)
        injector.apply(WheelEvent(-120, -120, 5, 5))
        buttons = [(down, name) for down, name, _ in log.read(10)]
        assert buttons == [(down, name) for name in (3, 5, 5, 4, 6) for down in (True, False)]


def test_spare_keys_are_given_back(xvfb: Xvfb) -> None:
    watch = Display(xvfb.display)
    before = [list(row) for row in watch.get_keyboard_mapping(8, 248)]
    with injector_on(xvfb) as injector:
        injector.apply(TextEvent("日本語äöü"))
    after = [list(row) for row in watch.get_keyboard_mapping(8, 248)]
    assert [row[:4] for row in after] == [row[:4] for row in before]
    watch.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Xlib leaves a refused socket open
def test_no_display_and_a_lost_one() -> None:
    with pytest.raises(NoDisplayError, match="cannot be opened"):
        X11Injector(":9999")
    with run_xvfb() as server:
        injector = X11Injector(server.display)
        injector.apply(TextEvent("a"))
    with pytest.raises(InputLostError):
        injector.apply(TextEvent("a"))
    injector.close()
