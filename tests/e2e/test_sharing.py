"""Modes `share` and `present`: the operator's screen, looked at by the customer in a browser or at a terminal (C5, C6)."""

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mss
import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from agent.host.capture.drawn import DrawnScreen
from tests.e2e.operator import until
from tests.e2e.stack import TASUKI, Stack
from tests.fixtures.xvfb import Xvfb
from tests.unit.web.browser import chromium, watch
from tools.demo import Customer

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("sharing")]
PICTURE = """async () => {
    const { width, height, data } = await document.querySelector('tasuki-viewer').snapshot();
    return width > 0 && height > 0 && new Set(data).size > 2;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@contextmanager
def sharing(stack: Stack, *options: str) -> Iterator[Customer]:
    """`tasuki share` on a pty: the operator's terminal."""
    environment = stack.environment | {"TASUKI_UI": "terminal", "LC_ALL": "C.UTF-8", "DISPLAY": ""}
    person = Customer([*TASUKI, "share", "--screen", "drawn", "--customer-name", "Carol", *options], environment)
    try:
        yield person
    finally:
        person.close()


@contextmanager
def page_of(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1100, "height": 760}, locale="en-GB")
    page = context.new_page()
    complaints = watch(page)
    yield page
    context.close()
    assert not complaints


def link_of(operator: Customer) -> str:
    operator.until(r"Link\s+http\S+\s")
    found = re.search(r"Link\s+(http\S+)", operator.seen)
    assert found is not None
    return found[1]


DIGITS = r"(?<!\d)(\d{3}) (\d{3})(?!\d)"


def shown_digits(operator: Customer, after: int = 0) -> str:
    """The digits that the operator is to read out, those after so many others."""
    operator.until(r"Read these six digits out to Carol" + rf"(?s:.)*?{DIGITS}" * (after + 1))
    return "".join(re.findall(DIGITS, operator.seen)[after])


def test_the_customer_looks_on_in_a_browser(browser: Browser, stack: Stack) -> None:
    with sharing(stack) as operator, page_of(browser) as page:
        page.goto(link_of(operator))
        expect(page.get_by_role("heading", level=1)).to_contain_text("would like to share their screen")
        page.locator("#look").click()
        wrong = f"{(int(shown_digits(operator)) + 1) % 1_000_000:06d}"
        page.locator("[name=digits]").fill(wrong)
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_text("Those were other digits")).to_be_visible(timeout=15_000)
        page.locator("[name=digits]").fill(shown_digits(operator, after=1))
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("heading", name="Look at the screen of Alice?")).to_be_visible()
        operator.drain()
        assert "accepted?" not in operator.seen, "the customer has not decided yet"
        page.locator("#look-yes").click()
        operator.until("Does Carol say that they accepted")
        assert page.locator("canvas.tasuki-screen").is_hidden(), "the operator has not heard it yet"
        operator.type("yes\n")
        expect(page.locator("#look-sign")).to_contain_text("You look at the screen of Alice", timeout=15_000)
        operator.until("Carol sees your screen")
        until(lambda: page.evaluate(PICTURE), what="the picture")
        # Both write; control is given by a second act, and taken back.
        page.locator("#chat-button").click()
        page.locator("#chat-text").fill("Where is the button?")
        page.get_by_role("button", name="Send").click()
        operator.until("Carol: Where is the button")
        operator.type("m")
        operator.until("Message, then Enter")
        operator.type("At the top.\n")
        expect(page.locator(".chat-log")).to_contain_text("At the top.")
        operator.type("2")
        expect(page.locator("#look-sign")).to_contain_text("You may use the screen")
        operator.until("Carol sees and controls your screen")
        operator.type("v")
        expect(page.locator("#look-sign")).to_contain_text("You look at the screen")
        # A reloaded page comes back without a question, and with what was written.
        page.reload()
        expect(page.locator("#look-sign")).to_contain_text("You look at the screen", timeout=20_000)
        until(lambda: page.evaluate(PICTURE), what="the picture after the reload")
        page.locator("#chat-button").click()
        expect(page.locator(".said")).to_have_count(2)
        page.locator("#look-stop").click()
        expect(page.get_by_role("heading", name="The session is over")).to_be_visible()
        operator.until("The other side ended it")
        with page.expect_popup() as opened:
            page.locator("#receipt-open").click(timeout=20_000)
        receipt = opened.value
        expect(receipt.locator("body")).to_contain_text("Alice of acme showed Carol the screen of their own computer")
        expect(receipt.locator("tr").first).to_contain_text("Seeing the screen")
        assert receipt.evaluate("getComputedStyle(document.querySelector('.held')).fill") == "rgb(31, 111, 84)"
        receipt.close()
    ended = stack.ok("GET", "/v1/sessions?limit=1")["items"][0]
    assert (ended["mode"], ended["ended_by"], ended["reason"]) == ("share", "customer", "ended")


def shows_the_desk(desktop: Xvfb) -> bool:
    """Whether the drawn picture's background fills a part of the display."""
    with mss.MSS(display=desktop.display) as screen:
        pixels = screen.grab(screen.monitors[0]).rgb
    frame = DrawnScreen().grab()
    blue, green, red = frame.pixels[4 * frame.width * 60 : 4 * frame.width * 60 + 3]
    return pixels.count(bytes([red, green, blue]) * 100) > 50


@pytest.mark.x11
def test_the_customer_looks_on_at_a_terminal_by_link(stack: Stack, desktop: Xvfb) -> None:
    with (
        sharing(stack, "--present", "--link") as operator,
        stack.customer(link_of(operator), desktop.display) as customer,
    ):
        assert not shows_the_desk(desktop)
        customer.until("Look at the screen of Alice")
        customer.until("Show you their screen")
        assert "Six digits" not in customer.seen
        operator.until("no digits are needed")
        customer.until("yes or no, then Enter")
        operator.drain()
        assert "sees your screen" not in operator.seen
        customer.type("yes\n")
        operator.until("Carol sees your screen")
        customer.until("You look at the screen of Alice")
        until(lambda: shows_the_desk(desktop), what="the window with the operator's screen")
        assert "mouse and keyboard" not in operator.seen, "there is nothing to give in present"
        operator.type("p")
        operator.until("Paused: Carol sees nothing now")
        customer.type("s")
        operator.until("The other side ended it")
        customer.until("You ended it")


def test_a_killed_program_of_who_looks_on_comes_back_without_a_question(stack: Stack) -> None:
    with sharing(stack, "--link") as operator, stack.customer(link_of(operator)) as customer:
        customer.until("yes or no, then Enter")
        customer.type("yes\n")
        customer.until("● You look at the screen of Alice")
        operator.until("Carol sees your screen")
        operator.type("m")
        operator.until("Message, then Enter")
        operator.type("before\n")
        customer.until("Alice: before")
        for _ in range(2):  # the one who came back can be killed as well
            [child] = psutil.Process(customer.pid).children()
            customer.seen = ""
            os.kill(child.pid, signal.SIGKILL)
            customer.until(r"the session goes on(?s:.)*● You look at the screen of Alice(?s:.)*Alice: before")
            assert customer.seen.count("●") == 2, "as not connected, and as connected"
        assert "yes or no" not in customer.seen
        assert "Six digits" not in customer.seen
        customer.type("m")
        customer.until("Message, then Enter")
        customer.type("after\n")
        operator.until("Carol: after")
        [kept] = [path for path in hosts(stack) if json.loads(path.read_text()).get("kind") == "viewer"]
        assert kept.stat().st_mode & 0o777 == 0o600
        customer.type("s")
        customer.until("You ended it")
        operator.until("The other side ended it")
        until(lambda: not kept.exists(), what="that nothing stays of a session that is over")


def hosts(stack: Stack) -> list[Path]:
    return list((stack.data.parent / "operator" / "hosts").glob("*.json"))


def test_no_of_the_customer_ends_it_before_anything_is_shown(stack: Stack) -> None:
    with sharing(stack, "--link") as operator, stack.customer(link_of(operator)) as customer:
        customer.until("yes or no, then Enter")
        customer.type("no\n")
        operator.until("The other side said No. Nothing was shown.")
        customer.until("You said No")
