"""The browser's viewer against a relay that plays the host: nothing is shown and nothing sent that was not proved to be
the customer's, and no word in clear takes a proved session over (docs/protocol.md 3 and 9)."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.unit.web.host import HOST, VIEWER, LiveHost, running
from tests.unit.web.server import Site
from tests.unit.web.test_session import HEIGHT, LINK, WIDTH, confirm, go_live, phase, screen, shows, start, state, until
from wire.header import Delivery, Stream, header, join_frame
from wire.keys import MODE_FULL, MODE_RESUME
from wire.limits import HANDSHAKE_INTERVAL_SECONDS, MAX_FORGERIES
from wire.messages import relay
from wire.messages.handshake import NoticeKind

pytestmark = [pytest.mark.browser, pytest.mark.rule("R26")]


@pytest.fixture
def host() -> Iterator[LiveHost]:
    with running(LiveHost()) as host:
        host.show(screen(1), WIDTH, HEIGHT)
        yield host


def ghost_accepts(host: LiveHost) -> None:
    """Whoever plays the host knows the digits of its own side, and says yes to itself."""
    host.digits_asked(1)
    host.type_digits(host.do(lambda: host.consent.digits))
    host.answer(True)


def drawn(page: Page) -> None:
    """Wait until the viewer has decoded a picture, shown or not."""
    page.wait_for_function("() => document.querySelector('tasuki-viewer').picture > 0", timeout=15_000)


def is_blind(page: Page, host: LiveHost) -> None:
    """Nothing of the screen can be seen or read, and keys and pointer go nowhere."""
    before = len(host.sent(Stream.INPUT))
    expect(page.locator("canvas")).to_be_hidden()
    assert page.evaluate("document.querySelector('tasuki-viewer').snapshot().then((shot) => shot.data.length)") == 0
    page.keyboard.press("a")
    page.mouse.click(100, 100)
    page.evaluate("document.querySelector('tasuki-viewer').text('secret')")
    page.evaluate("document.querySelector('tasuki-viewer').combination([0xffe3, 0x61])")
    page.wait_for_timeout(100)
    assert len(host.sent(Stream.INPUT)) == before


def test_a_ghost_host_that_welcomes_without_confirmation_shows_nothing_and_gets_no_input(
    page: Page, host: LiveHost
) -> None:
    start(page, host)
    phase(page, "digits")
    ghost_accepts(host)
    phase(page, "confirm")
    drawn(page)
    is_blind(page, host)
    assert page.evaluate("window.viewing.pictures") == []
    assert "live" not in [s["phase"] for s in page.evaluate("window.viewing.states")]


def test_once_the_operator_confirms_the_screen_is_there_and_has_the_keyboard(page: Page, host: LiveHost) -> None:
    start(page, host)
    phase(page, "digits")
    ghost_accepts(host)
    phase(page, "confirm")
    confirm(page)
    shows(page, screen(1))
    page.keyboard.press("a")
    host.wait(lambda: len(host.inputs()) == 2 or None, "the key")


def test_a_ghost_is_asked_about_again_after_a_reload(page: Page, host: LiveHost, site: Site) -> None:
    start(page, host)
    phase(page, "digits")
    ghost_accepts(host)
    phase(page, "confirm")
    for _ in range(2):
        page.goto(site.url)
        start(page, host)
        phase(page, "confirm")
        is_blind(page, host)
    confirm(page)
    shows(page, screen(1))
    page.goto(site.url)
    start(page, host)
    shows(page, screen(1))
    assert "confirm" not in [s["phase"] for s in page.evaluate("window.viewing.states")]


def test_a_ghost_that_answers_a_link_by_digits_must_be_confirmed(page: Page, host: LiveHost) -> None:
    start(page, host, link=LINK.hex())
    phase(page, "digits")
    ghost_accepts(host)
    phase(page, "confirm")
    is_blind(page, host)


def test_a_link_is_proof_enough(page: Page) -> None:
    with running(LiveHost(link=LINK)) as host:
        host.show(screen(1), WIDTH, HEIGHT)
        start(page, host, link=LINK.hex())
        phase(page, "asking")
        host.answer(True)
        shows(page, screen(1))
        assert "confirm" not in [s["phase"] for s in page.evaluate("window.viewing.states")]


def take_over(page: Page, host: LiveHost, kind: NoticeKind) -> None:
    """The relay keeps the host out and says in its name that nothing is known of the viewer."""
    host.deaf = True
    tried = len(host.attempts())
    host.send_text(relay.joined(HOST, "host", "customer"))
    host.send_notice(kind)
    host.wait(lambda: len(host.attempts()) > tried or None, "an attempt")
    host.send_notice(NoticeKind.NO_RESUME, host.attempts()[-1][1].attempt)


@pytest.mark.parametrize("kind", [NoticeKind.AGAIN, NoticeKind.NEED_RESUME], ids=["again", "need-resume"])
def test_lying_notices_never_lead_a_live_session_to_digits(page: Page, host: LiveHost, kind: NoticeKind) -> None:
    go_live(page, host)
    shows(page, screen(1))
    tried = len(host.attempts())
    take_over(page, host, kind)
    phase(page, "unproved")
    is_blind(page, host)
    for lie in NoticeKind:
        host.send_notice(lie)
    host.send_text(relay.left(HOST))
    host.send_text(relay.joined(HOST, "host", "customer"))
    host.drop()
    phase(page, "unproved", present=True)
    assert [m1.mode for _, m1 in host.attempts()[tried:]] == [MODE_RESUME]
    assert state(page)["digits"] == ""


def test_lying_notices_after_a_reload_end_in_unproved(page: Page, host: LiveHost, site: Site) -> None:
    go_live(page, host)
    page.goto(site.url)
    host.deaf = True
    tried = len(host.attempts())
    start(page, host)
    host.wait(lambda: len(host.attempts()) > tried or None, "an attempt")
    host.send_notice(NoticeKind.NO_RESUME, host.attempts()[-1][1].attempt)
    phase(page, "unproved")
    is_blind(page, host)


def test_verifying_again_asks_digits_and_confirmation_and_shows_nothing_of_before(page: Page, host: LiveHost) -> None:
    go_live(page, host)
    shows(page, screen(1))
    take_over(page, host, NoticeKind.AGAIN)
    phase(page, "unproved")
    host.deaf, host.withholding = False, True
    page.evaluate("document.querySelector('tasuki-viewer').verifyAgain()")
    digits = phase(page, "digits")["digits"]
    assert host.attempts()[-1][1].mode == MODE_FULL
    host.digits_asked(1)
    host.type_digits(digits)
    phase(page, "asking")
    host.answer(True)
    phase(page, "confirm")
    confirm(page)
    phase(page, "live")
    expect(page.locator("canvas")).to_be_hidden()
    host.withholding = False
    host.show(screen(2), WIDTH, HEIGHT)
    shows(page, screen(2))


def test_replayed_notices_of_a_host_that_was_heard_change_nothing(page: Page, host: LiveHost) -> None:
    go_live(page, host)
    shows(page, screen(1))
    tried = len(host.attempts())
    for kind in (NoticeKind.AGAIN, NoticeKind.REFUSED, NoticeKind.VERIFIED, NoticeKind.NO_RESUME, NoticeKind.WAIT):
        host.send_notice(kind)
    host.show(screen(2), WIDTH, HEIGHT)
    shows(page, screen(2))
    assert state(page)["phase"] == "live"
    assert len(host.attempts()) == tried


def test_a_lying_joined_forgets_nothing_that_was_proved(page: Page, host: LiveHost) -> None:
    go_live(page, host)
    shows(page, screen(1))
    for text in (relay.left(HOST), relay.joined(HOST, "host", "customer")):
        host.send_text(text)
    host.send_notice(NoticeKind.AGAIN)
    host.show(screen(2), WIDTH, HEIGHT)
    shows(page, screen(2))
    phases = [s["phase"] for s in page.evaluate("window.viewing.states")]
    assert phases.count("digits") == 1
    assert phases.count("confirm") == 1


def test_lying_agains_while_an_answer_is_awaited_start_nothing(page: Page, host: LiveHost) -> None:
    host.deaf = True
    start(page, host)
    host.wait(lambda: host.attempts() or None, "an attempt")
    for kind in [NoticeKind.AGAIN, NoticeKind.NEED_RESUME] * 10:
        host.send_notice(kind)
    host.send_notice(NoticeKind.WAIT, host.attempts()[0][1].attempt)
    phase(page, "busy")
    assert len(host.attempts()) == 1


def test_lying_agains_cannot_hurry_full_handshakes(page: Page, host: LiveHost) -> None:
    start(page, host)
    phase(page, "digits")

    def lie() -> bool:
        host.send_notice(NoticeKind.AGAIN)
        return len(host.attempts()) >= 3

    until(page, lie, "three attempts")
    times = [at for at, _ in host.attempts()]
    assert min(after - before for before, after in pairwise(times)) >= HANDSHAKE_INTERVAL_SECONDS


FORGED = {
    "pairwise": header(Delivery.LATEST, Stream.FEEDBACK, HOST, VIEWER, epoch=1),
    "epoch": header(Delivery.FRAME, Stream.SCREEN, HOST, epoch=2),
}


@pytest.mark.parametrize("name", FORGED)
def test_evil_forgeries_without_end_cost_the_connection(page: Page, host: LiveHost, name: str) -> None:
    go_live(page, host)
    shows(page, screen(1))
    host.send_raw(join_frame([FORGED[name].pack() + bytes(40)] * MAX_FORGERIES))
    host.show(screen(2), WIDTH, HEIGHT)
    shows(page, screen(2))
    assert len(host.tickets) == 1, "64 are borne"
    host.send_raw(join_frame([FORGED[name].pack() + bytes(40)]))
    host.wait(lambda: len(host.tickets) > 1 or None, "another connection")
    phase(page, "live", connected=True)
    host.send_raw(join_frame([FORGED[name].pack() + bytes(40)] * MAX_FORGERIES))
    host.show(screen(3), WIDTH, HEIGHT)
    shows(page, screen(3))
    assert len(host.tickets) == 2, "on a new connection they are counted anew"


MISFITS = {
    "control as LATEST": header(Delivery.LATEST, Stream.CONTROL, HOST, VIEWER, epoch=1),
    "input from the host": header(Delivery.ORDERED, Stream.INPUT, HOST, VIEWER, epoch=1),
    "screen for one viewer": header(Delivery.FRAME, Stream.SCREEN, HOST, VIEWER, epoch=1),
    "slot over its limit": header(Delivery.LATEST, Stream.FEEDBACK, HOST, VIEWER, epoch=1, slot=256),
    "control for all": header(Delivery.ORDERED, Stream.CONTROL, HOST, epoch=2),
    "screen as LATEST": header(Delivery.LATEST, Stream.SCREEN, HOST, epoch=2),
    "beacon in a high slot": header(Delivery.LATEST, Stream.BEACON, HOST, epoch=2, slot=1 << 31),
    "an unknown stream": header(Delivery.LATEST, 99, HOST, epoch=2),
}


@pytest.mark.parametrize("name", MISFITS)
def test_evil_classes_streams_and_slots_are_not_even_opened(page: Page, host: LiveHost, name: str) -> None:
    go_live(page, host)
    host.send_raw(join_frame([MISFITS[name].pack() + bytes(40)] * (2 * MAX_FORGERIES)))
    host.show(screen(2), WIDTH, HEIGHT)
    shows(page, screen(2))
    assert len(host.tickets) == 1
