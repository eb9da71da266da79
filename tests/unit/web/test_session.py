"""The browser's viewer against a real host: verification, picture, input, coming back, ending."""

import hashlib
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.unit.web.host import LiveHost, running
from tests.unit.web.server import Site
from wire.header import Delivery, Stream, header, join_frame
from wire.messages.input import ButtonEvent, KeyEvent, ReleaseAll, TextEvent, WheelEvent

pytestmark = pytest.mark.browser
WIDTH, HEIGHT = 300, 200
OPEN = "async ([grant, options]) => (await import('/js/viewing.js')).open(grant, options)"
LINK = bytes(range(16))


@pytest.fixture
def host() -> Iterator[LiveHost]:
    with running(LiveHost()) as host:
        yield host


def screen(seed: int, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """A screen like a desktop: areas of colour, lines of noise for text. BGRA."""
    rng = random.Random(seed)
    rows = []
    for _ in range(height):
        colour = bytes([rng.randrange(4) * 60, rng.randrange(4) * 60, seed % 256, 255])
        noise = [bytes([rng.choice((0, 255))] * 3) + b"\xff" for _ in range(60)]
        rows.append(colour * (width - 60) + b"".join(noise))
    return b"".join(rows)


def rgb_hash(bgra: bytes) -> str:
    rgb = bytearray(len(bgra) // 4 * 3)
    rgb[0::3], rgb[1::3], rgb[2::3] = bgra[2::4], bgra[1::4], bgra[0::4]
    return hashlib.sha256(rgb).hexdigest()


def phase(page: Page, name: str, **members: object) -> dict[str, Any]:
    """Wait for a state of the viewer."""
    script = """([phase, members]) => {
      const state = document.querySelector('tasuki-viewer')?.state;
      return state?.phase === phase && Object.entries(members).every(([k, v]) => state[k] === v) && state;
    }"""
    state: dict[str, Any] = page.wait_for_function(script, arg=[name, members], timeout=15_000).json_value()
    return state


def start(page: Page, host: LiveHost, **options: object) -> None:
    page.evaluate(OPEN, [host.grant(), options])


def go_live(page: Page, host: LiveHost) -> None:
    start(page, host)
    digits = phase(page, "digits")["digits"]
    host.digits_asked(1)
    host.type_digits(digits)
    phase(page, "asking")
    host.answer(True)
    phase(page, "confirm")
    confirm(page)
    phase(page, "live")


def confirm(page: Page) -> None:
    """The operator says that the customer says that they accepted."""
    page.evaluate("document.querySelector('tasuki-viewer').confirm()")


def shows(page: Page, bgra: bytes) -> None:
    """Wait until the canvas shows exactly this."""
    script = "async () => (await import('/js/viewing.js')).shown()"
    wanted = {"width": WIDTH, "height": HEIGHT, "sha256": rgb_hash(bgra)}
    until(page, lambda: page.evaluate(script) == wanted, "the picture on the canvas")


def until(page: Page, condition: Callable[[], bool], what: str) -> None:
    for _ in range(600):
        if condition():
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"never happened: {what}")


def test_digits_consent_and_the_screen_pixel_by_pixel(page: Page, host: LiveHost) -> None:
    host.show(screen(1), WIDTH, HEIGHT)
    go_live(page, host)
    for seed in (1, 2, 3):
        host.show(screen(seed), WIDTH, HEIGHT)
        shows(page, screen(seed))


def test_another_screen_size_is_followed(page: Page, host: LiveHost) -> None:
    host.show(screen(1, 128, 96), 128, 96)
    go_live(page, host)
    until(page, lambda: bool(page.evaluate("window.viewing.pictures.length")), "a picture")
    host.show(screen(2), WIDTH, HEIGHT)
    shows(page, screen(2))


@pytest.mark.rule("R12")
def test_nothing_is_shown_and_no_input_leaves_before_consent(page: Page, host: LiveHost) -> None:
    host.show(screen(1), WIDTH, HEIGHT)
    start(page, host)
    host.type_digits(phase(page, "digits")["digits"])
    phase(page, "asking")
    page.keyboard.press("a")
    page.mouse.click(100, 100)
    assert page.evaluate("window.viewing.pictures") == []
    assert host.inputs() == []
    host.answer(False)
    assert phase(page, "over", by="customer", reason="refused")


def test_wrong_digits_bring_new_ones_and_the_third_ends_it(page: Page, host: LiveHost) -> None:
    start(page, host)
    seen = set()
    for attempt in (1, 2, 3):
        host.digits_asked(attempt)
        until(page, lambda: (s := state(page))["phase"] == "digits" and s["digits"] not in seen, "new digits")
        digits = state(page)["digits"]
        seen.add(digits)
        host.type_digits(f"{(int(digits) + 1) % 1_000_000:06d}")
    assert phase(page, "over", reason="verification_failed")
    assert len(seen) == 3


def state(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("document.querySelector('tasuki-viewer').state")
    return found


def test_a_link_needs_no_digits(page: Page) -> None:
    with running(LiveHost(link=LINK)) as host:
        host.show(screen(1), WIDTH, HEIGHT)
        start(page, host, link=LINK.hex())
        phase(page, "asking")
        host.answer(True)
        shows(page, screen(1))
        assert "digits" not in [s["phase"] for s in page.evaluate("window.viewing.states")]


def test_a_link_without_its_secret_is_said(page: Page) -> None:
    with running(LiveHost(link=LINK, policy={"verification": "link"})) as host:
        start(page, host)
        assert phase(page, "failed", why="link-unknown")


def test_another_links_secret_never_verifies_evil(page: Page) -> None:
    with running(LiveHost(link=LINK, policy={"verification": "link"})) as host:
        start(page, host, link=bytes(16).hex())
        assert phase(page, "failed", why="forged")


def test_who_has_not_the_links_secret_reads_digits_out(page: Page) -> None:
    """Neither a guest without it, nor somebody with the secret of another link."""
    with running(LiveHost(link=LINK)) as host:
        start(page, host)
        assert phase(page, "digits")
    with running(LiveHost(link=LINK)) as host:
        start(page, host, link=bytes(16).hex())
        assert phase(page, "digits")


def test_keys_text_and_pointer_arrive(page: Page, host: LiveHost) -> None:
    host.show(screen(1), WIDTH, HEIGHT)
    go_live(page, host)
    shows(page, screen(1))
    page.keyboard.press("Shift+A")
    page.keyboard.type("@é{")
    page.keyboard.press("F5")
    page.keyboard.insert_text("日本語")
    page.mouse.move(8 + 300, 8 + 200)
    page.mouse.click(8 + 300, 8 + 200, button="right")
    page.mouse.wheel(0, 120)
    host.wait(lambda: any(isinstance(e, WheelEvent) for e in host.inputs()) or None, "the wheel")
    events = host.inputs()
    keys = [(e.keysym, e.down) for e in events if isinstance(e, KeyEvent)]
    assert keys[:4] == [(0xFFE1, True), (0x41, True), (0x41, False), (0xFFE1, False)]
    assert (0x40, True) in keys
    assert (0x7B, True) in keys
    assert (0xFFC2, True) in keys
    assert [e.text for e in events if isinstance(e, TextEvent)] == ["é", "日本語"]
    buttons = [e for e in events if isinstance(e, ButtonEvent)]
    assert buttons == [ButtonEvent(True, 3, 150, 100), ButtonEvent(False, 3, 150, 100)]
    wheels = [e for e in events if isinstance(e, WheelEvent)]
    assert sum(e.dy for e in wheels) == 120
    assert host.wait(lambda: (150, 100) in host.pointers() or None, "the pointer's place")


def test_keys_are_released_when_the_focus_goes(page: Page, host: LiveHost) -> None:
    host.show(screen(1), WIDTH, HEIGHT)
    go_live(page, host)
    shows(page, screen(1))
    page.keyboard.down("Control")
    page.evaluate("document.activeElement.blur()")
    host.wait(lambda: ReleaseAll() in host.inputs() or None, "release")


def test_input_in_view_mode_is_not_even_sent(page: Page) -> None:
    with running(LiveHost("view")) as host:
        host.show(screen(1), WIDTH, HEIGHT)
        go_live(page, host)
        shows(page, screen(1))
        page.keyboard.press("a")
        page.mouse.click(100, 100)
        host.show(screen(2), WIDTH, HEIGHT)
        shows(page, screen(2))
        assert host.sent(Stream.INPUT) == []


def test_a_lost_connection_goes_on_with_the_same_keys(page: Page, host: LiveHost) -> None:
    host.show(screen(1), WIDTH, HEIGHT)
    go_live(page, host)
    shows(page, screen(1))
    host.drop()
    phase(page, "live", connected=True)
    host.show(screen(2), WIDTH, HEIGHT)
    shows(page, screen(2))
    page.keyboard.press("x")
    host.wait(lambda: KeyEvent(False, 0x78) in host.inputs() or None, "the key")
    assert [e for e in host.inputs() if isinstance(e, KeyEvent)] == [KeyEvent(True, 0x78), KeyEvent(False, 0x78)]
    assert "resuming" not in [s["phase"] for s in page.evaluate("window.viewing.states")]


def test_a_reload_resumes_without_digits_twice(page: Page, host: LiveHost, site: Site) -> None:
    host.show(screen(1), WIDTH, HEIGHT)
    go_live(page, host)
    shows(page, screen(1))
    for seed in (2, 3):
        page.goto(site.url)
        start(page, host)
        phase(page, "live")
        host.show(screen(seed), WIDTH, HEIGHT)
        shows(page, screen(seed))
        phases = [s["phase"] for s in page.evaluate("window.viewing.states")]
        assert "resuming" in phases
        assert "digits" not in phases


def test_what_is_kept_for_a_reload_cannot_be_read_out(page: Page, host: LiveHost) -> None:
    go_live(page, host)
    script = """async () => {
      const db = await new Promise((resolve) => { indexedDB.open('tasuki', 1).onsuccess = (e) => resolve(e.target.result); });
      const found = await new Promise((resolve) => {
        db.transaction('resume').objectStore('resume').getAll().onsuccess = (e) => resolve(e.target.result);
      });
      const { salt } = found[0].current;
      const refused = await crypto.subtle.exportKey('raw', salt).then(() => '', (error) => error.name);
      return [found.length, salt.extractable, refused];
    }"""
    assert page.evaluate(script) == [1, False, "InvalidAccessError"]


def test_without_the_stored_key_new_digits_are_asked(browser: Browser, page: Page, host: LiveHost, site: Site) -> None:
    go_live(page, host)
    other = browser.new_context().new_page()
    other.goto(site.url)
    start(other, host)
    assert phase(other, "digits")
    other.context.close()


def test_the_next_relay_is_tried(page: Page, host: LiveHost) -> None:
    page.evaluate(OPEN, [host.grant(dead_relays=1), {}])
    phase(page, "digits")
    assert host.tickets == [host.grant()["ticket"]]


def test_the_customer_ends_and_it_is_said_why(page: Page, host: LiveHost) -> None:
    go_live(page, host)
    host.end("lunch")
    assert phase(page, "over", by="customer", reason="lunch")


def test_the_operator_ends(page: Page, host: LiveHost) -> None:
    go_live(page, host)
    page.evaluate("document.querySelector('tasuki-viewer').end('solved')")
    ended = host.wait(host.ended, "the end")
    assert (ended.by, ended.reason) == ("operator", "solved")
    assert phase(page, "over", by="operator", reason="solved")


@pytest.mark.rule("R26")
def test_evil_tampered_and_foreign_messages_change_nothing(page: Page, host: LiveHost) -> None:
    host.show(screen(1), WIDTH, HEIGHT)
    go_live(page, host)
    shows(page, screen(1))
    junk = bytes(80)
    forged = header(Delivery.FRAME, Stream.SCREEN, 1, epoch=2, seq=99).pack() + junk
    foreign = header(Delivery.ORDERED, Stream.CONTROL, 9, 2, epoch=1).pack() + junk
    unknown_key = header(Delivery.LATEST, Stream.BEACON, 1, epoch=77).pack() + junk
    bad_notice = header(Delivery.ORDERED, Stream.HANDSHAKE, 1, 2).pack() + b"\x77"
    host.send_raw(join_frame([forged, foreign, unknown_key, bad_notice]))
    host.show(screen(2), WIDTH, HEIGHT)
    shows(page, screen(2))
    assert state(page)["phase"] == "live"


def test_a_frame_that_cannot_be_taken_apart_costs_only_the_connection(page: Page, host: LiveHost) -> None:
    host.show(screen(1), WIDTH, HEIGHT)
    go_live(page, host)
    shows(page, screen(1))
    host.send_raw(b"\xff\xff\xff\xff")
    host.wait(lambda: len(host.tickets) > 1 or None, "another connection")
    host.show(screen(2), WIDTH, HEIGHT)
    shows(page, screen(2))


def test_the_canvas_is_scaled_to_the_window(page: Page, host: LiveHost) -> None:
    host.show(screen(1), WIDTH, HEIGHT)
    go_live(page, host)
    shows(page, screen(1))
    canvas = page.locator("canvas")
    expect(canvas).to_have_css("width", "600px")
    page.evaluate("document.querySelector('tasuki-viewer').fit = false")
    expect(canvas).to_have_css("width", f"{WIDTH}px")


def age(page: Page, stale: bool) -> None:
    """Wait until the page calls the picture old, or current."""
    script = "(stale) => (document.querySelector('tasuki-viewer').state.age > 0) === stale"
    page.wait_for_function(script, arg=stale, timeout=15_000)


@pytest.mark.rule("R20")
def test_a_stale_picture_of_a_frozen_host_is_noticed(page: Page, host: LiveHost) -> None:
    host.show(screen(1), WIDTH, HEIGHT)
    go_live(page, host)
    shows(page, screen(1))
    host.frozen = True
    age(page, stale=True)
    assert page.locator("tasuki-viewer[data-stale]").count() == 1
    page.keyboard.press("a")
    assert page.evaluate("window.viewing.refused") > 0, "input that depends on an old picture is refused"
    host.frozen = False
    host.show(screen(2), WIDTH, HEIGHT)
    age(page, stale=False)
    shows(page, screen(2))
    assert [event for event in host.inputs() if isinstance(event, KeyEvent)] == []


@pytest.mark.rule("R20")
def test_a_lying_relay_that_withholds_pictures_is_noticed_and_a_new_one_is_asked_for(
    page: Page, host: LiveHost
) -> None:
    host.show(screen(1), WIDTH, HEIGHT)
    go_live(page, host)
    shows(page, screen(1))
    host.withholding = True
    host.show(screen(2), WIDTH, HEIGHT)
    age(page, stale=True)
    host.withholding = False
    shows(page, screen(2))
    age(page, stale=False)


def test_a_replay_of_everything_changes_nothing(page: Page, host: LiveHost) -> None:
    host.show(screen(1), WIDTH, HEIGHT)
    go_live(page, host)
    shows(page, screen(1))
    host.show(screen(2), WIDTH, HEIGHT)
    shows(page, screen(2))
    page.keyboard.press("a")
    host.wait(lambda: len(host.inputs()) == 2 or None, "the key")
    for frame in list(host.passed)[-30:]:
        host.send_raw(frame)
    host.show(screen(3), WIDTH, HEIGHT)
    shows(page, screen(3))
    assert state(page)["phase"] == "live"
    assert len(host.inputs()) == 2
