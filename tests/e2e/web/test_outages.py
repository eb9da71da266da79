"""A relay or the api that goes away under the browser's console: what is said, and that the session goes on."""

import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stack import ROOT, TASUKI, Parts, Stack, accept, free_ports, run_parts
from tests.e2e.web.pages import digits, ended, new_session, screen, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web-outages")]


@pytest.fixture
def product() -> Iterator[tuple[Stack, Parts]]:
    with run_parts() as running:
        yield running


def goes_on(page: Page) -> None:
    """Newer pictures come than the one that is shown now, and the page has nothing to complain of."""
    before = page.evaluate("document.querySelector('tasuki-viewer').picture")
    page.wait_for_function("(n) => document.querySelector('tasuki-viewer').picture > n", arg=before, timeout=40_000)
    expect(page.locator("#live-state.good")).to_be_visible(timeout=20_000)
    expect(page.locator(".banner")).to_be_hidden()


def test_a_killed_relay_costs_no_session(page: Page, product: tuple[Stack, Parts]) -> None:
    stack, parts = product
    parts.start("relay")
    sign_in(page, stack)
    code, _ = new_session(page)
    with stack.customer(code) as customer:
        accept(customer, digits(page))
        screen(page)
        parts.kill("relay")
        expect(page.locator(".banner")).to_contain_text("connection is lost")
        parts.start("relay")
        goes_on(page)
        assert customer.seen.count("yes or no, then Enter") == 1, "nobody was asked again"
        customer.type("s")
        ended(page, "The customer ended it.")


def second_relay(parts: Parts) -> Parts:
    """Another relay, to be started and killed on its own."""
    port, admin = free_ports(2)
    environment = parts.environment | {
        "TASUKI_RELAY_PUBLIC_URL": f"ws://localhost:{port}",
        "TASUKI_RELAY_LISTEN": f"127.0.0.1:{port}",
        "TASUKI_RELAY_ADMIN_LISTEN": f"127.0.0.1:{admin}",
        "TASUKI_RELAY_TOKEN_FILE": parts.environment["TASUKI_RELAY_TOKEN_FILE"] + "2",
    }
    out = ["--out", environment["TASUKI_RELAY_TOKEN_FILE"]]
    command = [*TASUKI, "admin", "relay", "add", "--url", environment["TASUKI_RELAY_PUBLIC_URL"], *out]
    subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True)
    return Parts(environment, parts._log)


def test_both_sides_meet_again_on_the_next_relay(page: Page, product: tuple[Stack, Parts]) -> None:
    stack, parts = product
    parts.start("relay")
    other = second_relay(parts)
    other.start("relay")
    try:
        sockets: list[str] = []
        page.on("websocket", lambda socket: sockets.append(socket.url))
        sign_in(page, stack)
        code, _ = new_session(page)
        with stack.customer(code) as customer:
            accept(customer, digits(page))
            screen(page)
            assert len(sockets) == 1
            first, second = (
                (parts, other) if parts.environment["TASUKI_RELAY_PUBLIC_URL"] in sockets[0] else (other, parts)
            )
            first.kill("relay")
            goes_on(page)
            assert sockets[-1].startswith(second.environment["TASUKI_RELAY_PUBLIC_URL"])
            customer.type("s")
            ended(page, "The customer ended it.")
    finally:
        other.stop()


def test_the_screen_goes_on_while_the_api_is_away_and_the_end_is_still_told(
    page: Page, product: tuple[Stack, Parts]
) -> None:
    stack, parts = product
    parts.start("relay")
    sign_in(page, stack)
    code, _ = new_session(page)
    with stack.customer(code) as customer:
        accept(customer, digits(page))
        screen(page)
        parts.kill("api")
        goes_on(page)
        page.get_by_role("button", name="End session").click()
        page.get_by_role("button", name="End now").click()
        customer.until("other side ended it")
        ended(page, "You ended it.")


def test_an_api_that_is_away_is_said_and_nothing_is_lost(page: Page, product: tuple[Stack, Parts]) -> None:
    stack, parts = product
    sign_in(page, stack)
    page.get_by_text("Add a name").click()
    page.get_by_label("Customer's name").fill("Hanako")
    parts.kill("api")
    page.get_by_role("button", name="New session").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    expect(page.get_by_label("Customer's name")).to_have_value("Hanako")
    parts.start("api")
    new_session(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Hanako")


def test_until_a_relay_is_there_the_viewer_waits(page: Page, product: tuple[Stack, Parts]) -> None:
    stack, parts = product
    sign_in(page, stack)
    parts.start("relay")
    code, _ = new_session(page)
    with stack.customer(code) as customer:
        digits(page)
        parts.kill("relay")
        expect(page.get_by_text("Connecting", exact=True).first).to_be_visible()
        page.reload()
        parts.start("relay")
        accept(customer, digits(page))
        screen(page)
        customer.type("s")
        ended(page, "The customer ended it.")
