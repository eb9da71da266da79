"""The operator's console over the running product, the customer at a terminal."""

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.stack import COMPANY, PASSWORD, Stack, accept
from tests.e2e.web.pages import digits, ended, fill_sign_in, new_session, screen, sign_in
from tests.e2e.web.test_accessible import CHECK

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web")]


def test_a_wrong_password_is_said_and_nothing_lost(page: Page, stack: Stack) -> None:
    page.goto(stack.url + "/console")
    fill_sign_in(page, password="not the password at all")
    expect(page.get_by_role("alert")).to_contain_text("do not fit together")
    expect(page.get_by_label("Company")).to_have_value(COMPANY)


def test_a_one_time_password_must_be_changed(page: Page, stack: Stack) -> None:
    made = stack.ok("POST", "/v1/operators", {"login": "bob", "name": "Bob"})
    page.goto(stack.url + "/console")
    fill_sign_in(page, "bob", made["one_time_password"])
    page.get_by_label("New password", exact=True).fill("a long enough password")
    page.get_by_label("New password once more").fill("another long password")
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_role("alert")).to_contain_text("not the same")
    page.get_by_label("New password once more").fill("a long enough password")
    page.get_by_role("button", name="Save and go on").click()
    page.locator("#new-session").wait_for()
    expect(page.locator(".topbar")).to_contain_text("Bob")


def test_a_reload_stays_signed_in_and_sign_out_ends_it(console: Page, stack: Stack) -> None:
    console.reload()
    console.locator("#new-session").wait_for()
    assert console.evaluate("document.cookie") == ""
    console.get_by_role("button", name="Sign out").click()
    console.get_by_label("Company").wait_for()
    console.reload()
    console.get_by_label("Company").wait_for()


def test_a_whole_session_by_code(console: Page, stack: Stack) -> None:
    code, _ = new_session(console)
    with stack.customer(code) as customer:
        accept(customer, digits(console))
        seen = screen(console)
        assert seen["width"] >= 640
        assert seen["colours"] > 3
        customer.until("sees and controls")
        policy = stack.ok("POST", "/v1/policies", {"name": "No messages", "members": {"chat": False}})["id"]
        stack.ok("PATCH", "/v1/organization", {"policy_id": policy})
        expect(console.get_by_text("No longer possible: messages")).to_be_visible(timeout=20_000)
        customer.until("No longer possible: messages")
        stack.ok("PATCH", "/v1/organization", {"policy_id": None})
        console.get_by_role("button", name="End session").click()
        console.get_by_role("button", name="End now").click()
        ended(console, "You ended it.")
        customer.until("other side ended it")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_screen_waits_for_the_customers_own_word(console: Page, stack: Stack, scheme: str) -> None:
    console.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    code, _ = new_session(console)
    with stack.customer(code) as customer:
        accept(customer, digits(console))
        for _ in range(2):
            expect(console.locator("#confirm-customer")).to_be_visible(timeout=20_000)
            expect(console.locator("canvas")).to_be_hidden()
            expect(console.locator(".progress")).to_contain_text("somebody may sit in between")
            assert console.evaluate(CHECK) == []
            console.reload()
        console.locator("#confirm-customer").click()
        expect(console.locator("canvas")).to_be_visible()
        expect(console.locator(".tasuki-keys")).to_be_focused()
        console.reload()
        expect(console.locator("#live-state")).to_have_text("Live, in control", timeout=20_000)
        customer.type("s")
        ended(console, "The customer ended it.")


def test_without_the_customers_word_it_is_ended(console: Page, stack: Stack) -> None:
    code, _ = new_session(console)
    with stack.customer(code) as customer:
        accept(customer, digits(console))
        console.locator("#deny-customer").click()
        ended(console, "You ended it.", "Verification failed")
        customer.until("other side ended it")


def test_by_link_no_digits_are_needed(console: Page, stack: Stack) -> None:
    _, link = new_session(console, "See only")
    assert "#k=" in link
    with stack.customer(link) as customer:
        accept(customer, None)
        screen(console)
        expect(console.locator("#live-state")).to_have_text("Live, view only")
        expect(console.get_by_role("button", name="Keys")).to_be_hidden()
        customer.type("s")
        ended(console, "The customer ended it.")


def test_the_links_secret_never_reaches_the_server(console: Page, stack: Stack) -> None:
    asked: list[str] = []
    console.on("request", lambda request: asked.append(request.url + (request.post_data or "")))
    _, link = new_session(console)
    secret = link.partition("#k=")[2]
    console.goto(link)
    console.get_by_text("tasuki join").wait_for()
    assert len(secret) == 22
    assert not [text for text in asked if secret in text.partition("#")[0]]


def test_a_reload_resumes_the_session(console: Page, stack: Stack) -> None:
    code, _ = new_session(console)
    with stack.customer(code) as customer:
        accept(customer, digits(console))
        before = screen(console)
        console.reload()
        after = screen(console)
        assert (after["width"], after["height"]) == (before["width"], before["height"])
        expect(console.locator("#digits")).to_be_hidden()
        customer.type("s")
        ended(console, "The customer ended it.")


def test_a_refusal_is_said(console: Page, stack: Stack) -> None:
    code, _ = new_session(console)
    with stack.customer(code) as customer:
        customer.until("Six digits, then Enter")
        customer.type(digits(console) + "\n")
        expect(console.get_by_text("Waiting for the customer's Yes")).to_be_visible()
        customer.until("yes or no, then Enter")
        customer.type("no\n")
        ended(console, "The customer ended it.", "said No")


def test_an_end_from_elsewhere_is_seen_at_once(console: Page, stack: Stack) -> None:
    code, _ = new_session(console)
    with stack.customer(code) as customer:
        accept(customer, digits(console))
        screen(console)
        session = console.url.rpartition("/")[2]
        stack.ok("POST", f"/v1/sessions/{session}/end", {"reason": "wrong customer"})
        ended(console, "You ended it.", "wrong customer")


def test_a_session_can_be_cancelled_and_its_code_is_dead(console: Page, stack: Stack) -> None:
    code, _ = new_session(console)
    console.get_by_role("button", name="Cancel this session").click()
    ended(console, "You ended it.")
    answer = httpx.post(f"{stack.url}/v1/join", json={"code": code}, timeout=10)
    assert answer.status_code == 404


def test_the_sessions_of_before_are_listed(console: Page, stack: Stack) -> None:
    stack.session(reference={"system": "crm", "id": "T-4711"})
    console.reload()
    row = console.locator(".session").first
    expect(row).to_contain_text("Carol")
    expect(row).to_contain_text("T-4711")
    row.click()
    console.locator("#session-code").wait_for()
    console.go_back()
    console.locator("#new-session").wait_for()


def test_what_the_policy_forbids_is_not_offered(context: BrowserContext, page: Page, stack: Stack) -> None:
    made = stack.ok("POST", "/v1/operators", {"login": "viewer", "name": "Vera", "modes": ["view"]})
    change = {"username": f"{COMPANY}/viewer", "password": made["one_time_password"], "new_password": PASSWORD}
    httpx.post(f"{stack.url}/v1/auth/password", json=change, timeout=10).raise_for_status()
    sign_in(page, stack, login="viewer")
    expect(page.get_by_label("See only")).to_be_visible()
    expect(page.get_by_label("See and control")).to_have_count(0)


def test_the_language_can_be_switched_and_is_kept(console: Page) -> None:
    console.get_by_role("button", name="日本語").click()
    expect(console.locator("#new-session")).to_have_text("新しいセッション")
    assert console.evaluate("document.documentElement.lang") == "ja"
    console.reload()
    expect(console.locator("#new-session")).to_have_text("新しいセッション")


def test_a_session_that_is_not_there_is_said(console: Page, stack: Stack) -> None:
    console.goto(stack.url + "/console/sessions/ses_01KAH2V5QJ6T8N3W9XZB4C7D0E")
    expect(console.get_by_role("alert")).to_contain_text("does not exist")
    console.get_by_role("button", name="All sessions").click()
    console.locator("#new-session").wait_for()
