"""An administrator at work: operators, policies and what they mean, the queue, handing over; hostile names are only text."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.stack import COMPANY, PASSWORD, Stack, run_stack
from tests.e2e.test_devices import Machine
from tests.e2e.web.pages import fill_sign_in, new_session, screen, sign_in
from tests.e2e.web.test_accessible import CHECK
from tests.e2e.web.test_signing_in import choose_password
from tests.fixtures.xvfb import Xvfb
from wire.trail.verifier import verify

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web")]

HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\">",
    '"><script>document.title="owned"</script>',
    "javascript:document.title='owned'//",
    "{{constructor.constructor('document.title=1')()}}",
)


def operator(stack: Stack, login: str, **more: Any) -> str:
    """An operator who has signed in once, with the usual password; gives the id."""
    made = stack.ok("POST", "/v1/operators", {"login": login, "name": login.title(), **more})
    change = {"username": f"{COMPANY}/{login}", "password": made["one_time_password"], "new_password": PASSWORD}
    httpx.post(f"{stack.url}/v1/auth/password", json=change, timeout=30).raise_for_status()
    identifier: str = made["id"]
    return identifier


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """One whose log was signed at one address from its first line on: it is exported and verified."""
    with run_stack(copied=False) as running:
        yield running


@pytest.fixture
def other(browser: Browser) -> Iterator[Page]:
    """Somebody else's browser."""
    context = browser.new_context(locale="en-GB", viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def test_an_operator_is_invited_given_a_policy_and_refused_by_it(page: Page, other: Page, stack: Stack) -> None:
    sign_in(page, stack)
    page.get_by_role("link", name="Policies").click()
    page.get_by_role("button", name="New policy").click()
    page.get_by_label("Name", exact=True).fill("First line")
    page.get_by_role("button", name="Make it").click()
    modes = page.locator("[data-member=modes]")
    modes.get_by_role("combobox").select_option(label="Only these")
    modes.get_by_label("See only").check()
    page.locator("[data-member=chat] select").select_option(label="Off")
    page.locator("[data-member=max_session_seconds] input").fill("30")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Sessions that run follow within seconds")).to_be_visible()
    assert page.evaluate(CHECK) == []

    page.get_by_role("link", name="Operators").click()
    page.get_by_role("button", name="New operator").click()
    page.get_by_label("Name", exact=True).fill("Bob Example")
    page.get_by_label("Login").fill("bob")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("This server sends no mail")).to_be_visible()
    link = page.locator("#invited code").inner_text()
    page.get_by_role("button", name="Open the account").click()

    other.goto(link)
    choose_password(other, PASSWORD)
    other.locator("#new-session").wait_for()
    new_session(other, "See and control")
    other.get_by_role("button", name="Cancel this session").click()
    other.locator("#ended-by").wait_for()

    page.get_by_label("Policy", exact=True).select_option(label="First line")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    page.get_by_role("link", name="Check access").last.click()
    expect(page.locator("#verdict")).to_contain_text("Not allowed")
    expect(page.locator("#effective-policy [data-member=modes]")).to_contain_text("“First line”: See only")
    expect(page.locator("#effective-policy [data-member=max_session_seconds]")).to_contain_text("30 minutes")
    page.get_by_label("In this kind of session").select_option(label="See only")
    page.get_by_role("button", name="Show what holds").click()
    expect(page.locator("#verdict")).to_contain_text("Allowed")
    assert page.evaluate(CHECK) == []

    other.goto(stack.url + "/console")
    other.get_by_label("See and control").check()
    other.get_by_role("button", name="New session").click()
    expect(other.get_by_role("alert")).to_contain_text("policy does not allow")
    expect(other.get_by_role("link", name="Operators")).to_have_count(0)

    page.get_by_role("link", name="Operators").click()
    page.get_by_role("link", name="Bob Example").click()
    page.get_by_role("button", name="Suspend").click()
    page.locator("dialog .confirm").click()
    expect(page.locator("h1 + .chip")).to_have_text("Suspended")
    other.goto(stack.url + "/console")
    other.get_by_label("Company").wait_for()
    page.get_by_role("link", name="Log").click()
    expect(page.get_by_text("Suspended an operator").first).to_be_visible()
    the_log_proves_itself(page)


def the_log_proves_itself(page: Page) -> None:
    """The checkpoint that one copies is a witness of the file that one saves."""
    page.locator("#checkpoint").click()
    checkpoint = page.get_by_role("dialog").locator(".command code").inner_text()
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    with page.expect_download() as saved:
        page.locator("#export-log").click()
    verdict = verify(Path(saved.value.path()).read_bytes().splitlines(keepends=True), witnesses=[checkpoint])
    assert (verdict.faults, [one.agrees for one in verdict.witnesses]) == ([], [True])
    assert verdict.size > 0


def test_a_waiting_customer_is_picked_up_handed_over_and_noted(page: Page, other: Page, stack: Stack) -> None:
    operator(stack, "quentin")
    sign_in(page, stack)
    sign_in(other, stack, login="quentin")
    other.goto(stack.url + "/console/queue")
    expect(other.get_by_text("Nobody is waiting.")).to_be_visible()
    waiting = [
        stack.ok("POST", "/v1/sessions", {"mode": "view", "queue": True, "customer": {"name": name}})
        for name in ("Carol", "Dave")
    ]
    for session in waiting:
        httpx.post(f"{stack.url}/v1/join", json={"code": session["code"]}, timeout=30).raise_for_status()
    expect(other.locator("#queue li")).to_have_count(2)
    expect(page.locator("#queue-notice")).to_contain_text("2 customers are waiting")
    assert other.evaluate(CHECK) == []

    dave = other.locator("#queue li").filter(has_text="Dave")
    dave.get_by_role("button", name="Refuse").click()
    other.get_by_label("We are closed").check()
    other.get_by_role("dialog").get_by_role("button", name="Refuse").click()
    expect(other.locator("#queue li")).to_have_count(1)
    assert stack.ok("GET", f"/v1/sessions/{waiting[1]['id']}")["state"] == "ended"
    other.get_by_role("button", name="Pick up").click()
    other.locator(".live-view").wait_for()
    expect(page.locator("#queue-notice")).to_be_hidden()

    page.goto(f"{stack.url}/console/sessions/{waiting[0]['id']}")
    expect(page.locator("#people")).to_contain_text("Quentin")
    page.get_by_label("New note").fill(HOSTILE[0])
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator("#notes")).to_contain_text(HOSTILE[0])
    page.get_by_role("button", name="Hand over").click()
    page.get_by_label("To whom").select_option(label="Alice")
    page.get_by_label("What should they know?").fill("Needs a printer expert.")
    page.get_by_role("dialog").get_by_role("button", name="Hand over").click()
    page.locator(".live-view").wait_for()
    assert stack.ok("GET", f"/v1/sessions/{waiting[0]['id']}")["operator"]["name"] == "Alice"
    page.get_by_role("button", name="End session").click()
    page.get_by_role("button", name="End now").click()
    page.locator("#ended-by").wait_for(timeout=20_000)
    expect(page.locator("#notes")).to_contain_text("Needs a printer expert.")
    page.get_by_label("How did it go?").fill("Solved")
    page.locator("#closing").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()


def with_hostile_names(stack: Stack) -> list[str]:
    """Something of every kind, named by people who mean harm; gives the pages where it shows."""
    for number, name in enumerate(HOSTILE):
        policy = stack.ok("POST", "/v1/policies", {"name": name, "members": {"modes": ["view"]}})["id"]
        mallory = stack.ok("POST", "/v1/operators", {"login": f"mallory{number}", "name": name, "policy_id": policy})[
            "id"
        ]
        group = stack.ok("POST", "/v1/device-groups", {"name": name, "access": {"policy_ids": [policy]}})["id"]
        stack.ok("POST", "/v1/device-enrolments", {"name": name, "group_id": group})
        body = {"customer": {"name": name}, "reference": {"system": "x", "id": name}, "mode": "view"}
        session = stack.ok("POST", "/v1/sessions", body)["id"]
        stack.ok("POST", f"/v1/sessions/{session}/end", {"note": name, "reason": name})
    lists = [
        "",
        "/queue",
        "/devices",
        "/operators",
        "/operators/new",
        "/policies",
        "/organization",
        "/api-keys",
        "/log",
        "/security",
    ]
    return [
        *lists,
        f"/operators/{mallory}",
        f"/policies/{policy}",
        f"/access?operator={mallory}",
        f"/sessions/{session}",
    ]


def test_hostile_names_are_text_and_every_page_is_readable_light_and_dark_on_a_phone(
    browser: Browser, stack: Stack
) -> None:
    places = with_hostile_names(stack)
    context = browser.new_context(locale="ja-JP", viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(stack.url + "/console")
    page.get_by_role("button", name="English").click()
    fill_sign_in(page)
    page.locator("#new-session").wait_for()
    page.get_by_role("button", name="日本語").click()
    for place in places:
        page.goto(f"{stack.url}/console{place}")
        page.locator(".shell .page h1, .home").first.wait_for()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(CHECK) == [], (place, scheme)
        assert page.title() != "owned", place
        assert page.locator("img[src=x]").count() == 0, place
    expect(page.locator("#notes")).to_contain_text(HOSTILE[-1])
    context.close()


@pytest.mark.x11
def test_a_device_is_enrolled_by_the_line_shown_and_reached_with_its_own_key(
    page: Page, stack: Stack, desktop: Xvfb, tmp_path: Path
) -> None:
    sign_in(page, stack)
    page.get_by_role("link", name="Devices").click()
    page.get_by_role("button", name="Enrol a device").click()
    page.get_by_label("What it is for").fill("Osaka")
    page.get_by_role("button", name="Make the line").click()
    line = shlex.split(page.locator("#enrolment code").inner_text())
    machine = Machine(stack, tmp_path / "machine", desktop.display)
    enrolled = machine.tasuki(*line[1:], "--name", HOSTILE[0], "--unattended", "--json")
    access_key = json.loads(enrolled.stdout)["access_key"]
    with machine.as_a_service():
        device = machine.online()
        page.goto(f"{stack.url}/console/devices/{device['id']}")
        expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE[0])
        page.get_by_label("Is anybody asked?").select_option(label="Do not ask")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
        page.locator("#connect").click()
        page.get_by_label("Access key of the device").fill("too short")
        page.get_by_role("dialog").get_by_role("button", name="Connect").click()
        expect(page.get_by_role("alert")).to_contain_text("32 characters")
        page.get_by_label("Access key of the device").fill(access_key)
        page.get_by_role("dialog").get_by_role("button", name="Connect").click()
        assert screen(page)["width"] == 1024
        page.get_by_role("button", name="End session").click()
        page.get_by_role("button", name="End now").click()
        page.locator("#ended-by").wait_for(timeout=20_000)
        page.goto(f"{stack.url}/console/devices/{device['id']}")
        page.get_by_role("button", name="Disable").click()
        page.locator("dialog .confirm").click()
        expect(page.get_by_text("It is disabled.")).to_be_visible()


def test_an_auditor_sees_everything_and_can_change_nothing(page: Page, stack: Stack) -> None:
    operator(stack, "vera", role="auditor")
    page.goto(stack.url + "/console")
    fill_sign_in(page, "vera", PASSWORD)
    page.get_by_role("link", name="Operators").click()
    expect(page.get_by_role("button", name="New operator")).to_have_count(0)
    page.get_by_role("link", name="Vera").click()
    expect(page.get_by_label("Name", exact=True)).to_be_disabled()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    for place, absent in [("Policies", "New policy"), ("API keys", "New key"), ("Devices", "Enrol a device")]:
        page.get_by_role("link", name=place).click()
        page.get_by_role("heading", level=1, name=place).wait_for()
        expect(page.get_by_role("button", name=absent)).to_have_count(0)
    page.get_by_role("link", name="Organisation").click()
    expect(page.get_by_label("Name", exact=True)).to_be_disabled()
    page.get_by_role("link", name="Sessions").click()
    page.locator(".sessions, .soft").first.wait_for()
    expect(page.locator("#new-session")).to_have_count(0)
