"""The operator in Chromium, the customer at a terminal with a real X display, over the running product."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import ImageChops
from playwright.sync_api import Browser, expect

from tests.e2e.operator import Operator, operator, until
from tests.e2e.stack import Stack, accept
from tests.e2e.test_cli import screenshot
from tests.fixtures.xvfb import Xvfb
from tests.unit.web.browser import chromium
from tools.demo import Customer

pytestmark = [pytest.mark.x11, pytest.mark.browser, pytest.mark.xdist_group("browser")]

XTERM = ("xterm", "-u8", "-geometry", "100x30+20+20", "-fa", "Noto Sans Mono CJK JP", "-fs", "10")
INSIDE = (200, 150)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@contextmanager
def session(
    browser: Browser, stack: Stack, desktop: Xvfb, mode: str = "control"
) -> Iterator[tuple[Operator, Customer, str]]:
    """Everything up to the operator seeing the screen, by code and digits."""
    with operator(browser, stack) as who:
        who.sign_in()
        made, code, _ = who.new_session(mode)
        with stack.customer(code, desktop.display) as customer:
            accept(customer, who.digits())
            who.sees()
            yield who, customer, made


def same(who: Operator, desktop: Xvfb) -> bool:
    return ImageChops.difference(who.picture(), screenshot(desktop.display)).getbbox() is None


def test_the_operator_sees_and_works_on_the_screen(
    browser: Browser, stack: Stack, desktop: Xvfb, tmp_path: Path
) -> None:
    written = tmp_path / "typed.txt"
    with (
        desktop.program(*XTERM, "-e", f"sh -c 'stty -icanon min 1; cat > {written}'"),
        session(browser, stack, desktop) as (who, customer, made),
    ):
        until(written.exists, what="the program")
        who.click(*INSIDE)
        who.page.keyboard.type("Hello, World! ä ñ é @ { } | ~ \\ € ß", delay=8)
        who.page.keyboard.press("Enter")
        who.page.get_by_role("button", name="Text", exact=True).click()
        who.page.locator("#text-to-send").fill("日本語テキスト")
        who.page.locator("#text-menu button.primary").click()
        wanted = "Hello, World! ä ñ é @ { } | ~ \\ € ß\n日本語テキスト"
        until(
            lambda: written.exists() and written.read_text().rstrip("\n") == wanted,
            what=f"the text (got {written.read_text()!r})",
        )
        until(lambda: same(who, desktop), what="the same picture")
        who.page.get_by_role("button", name="End session").click()
        who.page.locator("#confirm-end").click()
        customer.until("other side ended it")
        expect(who.page.locator("#ended-by")).to_contain_text("You", timeout=10_000)
    ended = stack.ok("GET", f"/v1/sessions/{made}")
    assert (ended["state"], ended["ended_by"]) == ("ended", "operator")


def test_use_leaves_equal_pictures(browser: Browser, stack: Stack, desktop: Xvfb) -> None:
    """Typing, scrolling and dragging, again and again; then pixel by pixel."""
    with (
        desktop.program("openbox"),
        desktop.program(*XTERM, "-e", "sh -c 'seq 1 3000; exec sh'"),
        desktop.program("xterm", "-geometry", "40x10+500+400", "-e", "cat"),
        session(browser, stack, desktop) as (who, _, _made),
    ):
        mouse, keyboard = who.page.mouse, who.page.keyboard
        for round_ in range(1, 13):
            who.click(*INSIDE)
            keyboard.type(f"echo round {round_}; seq {round_} {round_ + 60}\n", delay=5)
            keyboard.press("Shift+PageUp")
            mouse.move(*who.at(200, 200))
            mouse.wheel(0, -600 if round_ % 2 else 600)
            start, end = who.at(640, 397), who.at(560 + round_ % 5 * 20, 380 + round_ % 4 * 25)
            mouse.move(*start)
            mouse.down()
            mouse.move(*end, steps=12)
            mouse.up()
            mouse.move(*end)
            mouse.down()
            mouse.move(*start, steps=12)
            mouse.up()
            if round_ % 4 == 0:
                until(lambda: same(who, desktop), what="the same picture")


def test_words_what_the_customer_takes_back_and_the_end_are_told(browser: Browser, stack: Stack, desktop: Xvfb) -> None:
    with session(browser, stack, desktop) as (who, customer, made):
        page = who.page
        page.locator("#chat-button").click()
        page.locator("#chat-text").fill("Shall I look at the printer?")
        page.keyboard.press("Enter")
        customer.until("Alice: Shall I look at the printer")
        customer.type("m")
        customer.until("Message, then Enter")
        customer.type("please\n")
        expect(page.locator(".chat-log .said:not(.mine)")).to_contain_text("please")
        page.get_by_role("button", name="Close").click()
        for key, said in (("v", "Live, view only"), ("c", "Messages only"), ("p", "Paused"), ("p", "Live, in control")):
            customer.type(key)
            expect(page.locator("#live-state")).to_have_text(said)
        customer.type("s")
        expect(who.page.locator("#ended-by")).to_contain_text("customer", timeout=5_000)
        customer.until("You ended it")
    ended = stack.ok("GET", f"/v1/sessions/{made}")
    assert (ended["ended_by"], ended["reason"]) == ("customer", "ended")


def test_reload_resumes_without_a_new_consent(browser: Browser, stack: Stack, desktop: Xvfb) -> None:
    with desktop.program(*XTERM), session(browser, stack, desktop) as (who, customer, _):
        asked = customer.seen.count("yes or no, then Enter")
        for _ in range(3):
            who.page.reload()
            who.sees()
            until(lambda: same(who, desktop), what="the same picture")
        customer.drain()
        assert customer.seen.count("yes or no, then Enter") == asked, "nobody was asked again"


def test_view_mode_takes_no_input(browser: Browser, stack: Stack, desktop: Xvfb, tmp_path: Path) -> None:
    written = tmp_path / "typed.txt"
    with (
        desktop.program(*XTERM, "-e", f"sh -c 'cat > {written}'"),
        session(browser, stack, desktop, "view") as (who, customer, _),
    ):
        until(written.exists, what="the program")
        who.click(*INSIDE)
        who.page.keyboard.type("nothing of this\n")
        until(lambda: same(who, desktop), what="the same picture")
        assert written.read_text() == ""
        customer.until("sees your screen")
        assert not re.search("sees and controls", customer.seen)


def test_the_link_of_the_console_needs_no_digits(browser: Browser, stack: Stack, desktop: Xvfb) -> None:
    with operator(browser, stack) as who:
        who.sign_in()
        _, _, link = who.new_session()
        assert "#k=" in link
        with stack.customer(link, desktop.display) as customer:
            accept(customer, None)
            who.sees()


def test_a_link_made_by_the_command_goes_on_in_the_browser(browser: Browser, stack: Stack, desktop: Xvfb) -> None:
    """`tasuki view` hands the secret of its link to the console; as anybody could, the customer's word is asked for."""
    made = json.loads(stack.tasuki("session", "create", "--json").stdout)
    with operator(browser, stack) as who:
        who.sign_in()
        with stack.customer(made["link"], desktop.display) as customer:
            customer.until("Alice")
            said = stack.tasuki("view", made["id"], BROWSER="none").stdout
            address = said.split()[-1]
            assert "#k=" in address
            who.page.goto(address)
            accept(customer, None)
            expect(who.page.locator("#confirm-customer")).to_be_visible(timeout=20_000)
            assert "#k=" not in who.page.url
            who.sees()
            until(lambda: same(who, desktop), what="the same picture")
