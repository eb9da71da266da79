"""The docs page: Swagger UI from our own server, and 'Execute' after our sign-in."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stack import Stack
from tests.e2e.web.pages import fill_sign_in, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web")]


@pytest.mark.rule("R40")
def test_the_pages_load_everything_from_our_own_server(page: Page, stack: Stack) -> None:
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(stack.url + "/docs")
    page.locator("#operations-tag-sessions").click()
    page.locator("#operations-sessions-create_session").wait_for()
    sign_in(page, stack)
    page.goto(stack.session()["join_url"])
    page.locator(".steps").wait_for()
    assert hosts == {stack.url.removeprefix("http://")}


def test_after_sign_in_try_it_out_works(page: Page, stack: Stack) -> None:
    page.goto(stack.url + "/docs")
    page.locator("#operations-tag-sign-in").click()
    page.locator(".opblock").first.wait_for()
    fill_sign_in(page)
    expect(page.locator("#signed-in")).to_contain_text("Alice")
    operation = page.locator("[id$=-get_me]")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("200")
    expect(operation.locator(".live-responses-table tbody .response-col_description").first).to_contain_text(
        '"login": "alice"'
    )
