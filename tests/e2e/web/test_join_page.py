"""The page a customer opens from a link."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web")]


def test_it_says_who_asks_for_what_and_the_exact_command(page: Page, stack: Stack) -> None:
    made = stack.session("view")
    link = made["join_url"] + "#k=AAECAwQFBgcICQoLDA0ODw"
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Alice of")
    expect(page.get_by_role("heading", level=1)).to_contain_text("see your screen")
    expect(page.get_by_text("They cannot touch anything")).to_be_visible()
    expect(page.locator("code").first).to_have_text(f"tasuki join {link}")
    expect(page.get_by_text("Nothing is shared.")).to_be_visible()
    expect(page.get_by_text("do not know the caller")).to_be_visible()
    assert stack.ok("GET", f"/v1/sessions/{made['id']}")["state"] == "waiting", "looking claims nothing"


def test_without_a_secret_the_digits_are_explained(page: Page, stack: Stack) -> None:
    page.goto(stack.session()["join_url"])
    expect(page.get_by_text("reads them out to you")).to_be_visible()
    page.get_by_text("not on this computer yet").click()
    expect(page.get_by_text("tells you how to get it")).to_be_visible()


@pytest.mark.parametrize("code", ["12345678", "1234", "%3Cscript%3E", "１２３４５６７８"])
def test_a_code_that_does_not_work_is_no_dead_end(page: Page, stack: Stack, code: str) -> None:
    made = stack.session()
    page.goto(f"{stack.url}/join/{code}")
    expect(page.get_by_role("heading", level=1)).to_have_text("This code does not work")
    page.get_by_label("Session code").fill(f"{made['code'][:4]} {made['code'][4:]}")
    page.get_by_role("button", name="Show who is asking").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Alice of")


def test_without_a_code_it_asks_for_one(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url}/join")
    page.get_by_label("Session code").fill("12 34")
    page.get_by_role("button", name="Show who is asking").click()
    expect(page.get_by_role("alert")).to_contain_text("8 digits")


def test_a_server_that_is_away_is_said_and_can_be_tried_again(page: Page, stack: Stack) -> None:
    made = stack.session()
    page.route("**/v1/join/preview", lambda route: route.abort())
    page.goto(made["join_url"])
    expect(page.get_by_role("heading", level=1)).to_have_text("The server cannot be reached")
    page.unroute("**/v1/join/preview")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Alice of")


@pytest.mark.rule("R26")
@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>", "Robert'); DROP TABLE", "{operator}"])
def test_evil_names_stay_text(page: Page, stack: Stack, name: str) -> None:
    me = stack.ok("GET", "/v1/me")["operator"]["id"]
    stack.ok("PATCH", f"/v1/operators/{me}", {"name": name})
    try:
        page.goto(stack.session()["join_url"])
        expect(page.get_by_role("heading", level=1)).to_contain_text(name)
        assert page.locator("main img").count() == 0
    finally:
        stack.ok("PATCH", f"/v1/operators/{me}", {"name": "Alice"})
