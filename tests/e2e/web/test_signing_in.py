"""Second steps, passkeys, enrolment and step-up, as people meet them in the browser."""

import re
import sqlite3
import time
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.stack import PASSWORD, Stack
from tests.e2e.web.pages import fill_sign_in, sign_in, sign_out
from tests.e2e.web.test_accessible import CHECK

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web")]

OWN = "a lantern over the quiet harbour"


class Phone:
    """Somebody's authenticator app."""

    def __init__(self, secret: str) -> None:
        self._app = pyotp.TOTP(secret)
        self._used: set[str] = set()

    def code(self) -> str:
        """A code that was not used yet; the server takes the one before and the one after the present, too."""
        for shift in (0, 30, -30):
            found = self._app.at(time.time() + shift)
            if found not in self._used:
                self._used.add(found)
                return found
        raise AssertionError("all codes of this minute were used")


def set_up_totp(page: Page) -> tuple[Phone, list[str]]:
    """Scan the picture, type the code; gives the app and the recovery codes."""
    expect(page.locator("img.qr")).to_be_visible()
    page.get_by_text("The picture cannot be scanned?").click()
    phone = Phone(page.locator("details code").inner_text())
    page.get_by_label("Six digits from the app").fill(phone.code())
    page.get_by_role("button", name="Turn it on").click()
    codes = page.locator("#recovery-codes code")
    codes.first.wait_for()
    return phone, codes.all_inner_texts()


@pytest.fixture
def passkeys(page: Page) -> Iterator[Page]:
    """A page whose browser has an authenticator that says yes by itself."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield page
    devtools.detach()


def make_operator(stack: Stack, login: str, **more: object) -> str:
    """Somebody who signs in for the first time; gives the one-time password."""
    made = stack.ok("POST", "/v1/operators", {"login": login, "name": login.title(), **more})
    password: str = made["one_time_password"]
    return password


def choose_password(page: Page, password: str = OWN) -> None:
    page.get_by_label("New password", exact=True).fill(password)
    page.get_by_label("New password once more").fill(password)
    page.get_by_role("button", name="Save and go on").click()


def test_a_second_step_is_set_up_and_asked_for_and_a_lost_phone_costs_a_recovery_code(page: Page, stack: Stack) -> None:
    one_time = make_operator(stack, "bob")
    page.goto(stack.url + "/console")
    fill_sign_in(page, "bob", one_time)
    rules = page.locator("#password-rules")
    expect(rules).to_contain_text("At least 15 characters")
    choose_password(page, "bob bob bob bob")
    expect(page.locator(".fault")).to_be_visible()
    choose_password(page)
    page.locator("#new-session").wait_for()

    page.get_by_role("link", name="My security").click()
    expect(page.get_by_text("Your password is all that protects this account")).to_be_visible()
    page.locator("[data-method=totp]").get_by_role("button", name="Set up").click()
    phone, codes = set_up_totp(page)
    assert len(set(codes)) == len(codes) >= 8
    assert page.evaluate(CHECK) == []
    page.get_by_role("button", name="I keep them safe").click()
    expect(page.locator("[data-method=totp]")).to_contain_text("On")

    sign_out(page)
    fill_sign_in(page, "bob", OWN)
    page.get_by_label("Six digits").fill("000000")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("does not fit")
    page.get_by_label("Six digits").fill(phone.code())
    page.get_by_role("button", name="Continue").click()
    page.locator("#new-session").wait_for()

    sign_out(page)
    page.goto(stack.url + "/docs")
    fill_sign_in(page, "bob", OWN)
    page.get_by_role("button", name="Use a recovery code instead").click()
    page.get_by_label("Recovery code").fill(codes[0])
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#signed-in")).to_contain_text("Bob")


def test_a_passkey_signs_in_alone_and_confirms_dangerous_acts(passkeys: Page, stack: Stack) -> None:
    page = passkeys
    sign_in(page, stack)
    page.get_by_role("link", name="My security").click()
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("button", name="I keep them safe").click()
    expect(page.locator("#passkeys li")).to_have_count(1)
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.locator("#new-session").wait_for()

    an_hour_passes(stack)
    page.reload()
    page.get_by_role("link", name="My security").click()
    page.locator("#passkeys").get_by_role("button", name="Remove").click()
    page.locator("dialog .confirm").click()
    again = page.get_by_role("dialog", name="Confirm that it is you")
    expect(again).to_be_visible()
    again.get_by_role("button", name="Use the passkey").click()
    expect(page.locator("#passkeys")).to_contain_text("None yet")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_dangerous_act_asks_for_the_password_and_then_goes_on_by_itself(page: Page, stack: Stack) -> None:
    sign_in(page, stack)
    an_hour_passes(stack)
    page.reload()
    page.get_by_role("link", name="API keys").click()
    page.get_by_role("button", name="New key").click()
    page.get_by_label("Name", exact=True).fill("Zendesk <img src=x onerror=alert(1)>")
    page.get_by_role("button", name="Make the key").click()
    again = page.get_by_role("dialog", name="Confirm that it is you")
    again.get_by_label("Password").fill("not my password at all")
    again.get_by_role("button", name="Confirm").click()
    expect(again.get_by_role("alert")).to_be_visible()
    assert page.evaluate(CHECK) == []
    again.get_by_label("Password").fill(PASSWORD)
    again.get_by_role("button", name="Confirm").click()
    secret = page.locator("#new-key-secret code")
    expect(secret).to_contain_text(re.compile("^tsk_"))
    assert stack.api("GET", "/v1/sessions", token=secret.inner_text()).status_code == 200
    page.get_by_role("button", name="I keep it safe").click()
    expect(page.locator("table.list")).to_contain_text("Zendesk <img src=x onerror=alert(1)>")
    page.get_by_role("button", name="Revoke").click()
    page.locator("dialog .confirm").click()
    expect(page.get_by_text("No keys.")).to_be_visible()


def test_whoever_must_have_a_second_step_is_led_to_set_one_up(page: Page, stack: Stack) -> None:
    one_time = make_operator(stack, "carla", role="administrator")
    stack.ok("PATCH", "/v1/organization", {"settings": {"second_factor": "administrators"}})
    page.goto(stack.url + "/console")
    fill_sign_in(page, "carla", one_time)
    expect(page.locator("#password-rules")).to_contain_text("At least 8 characters")
    choose_password(page)
    expect(page.get_by_role("heading", name="Set up your second step")).to_be_visible()
    assert page.evaluate(CHECK) == []
    set_up_totp(page)
    page.get_by_role("button", name="I keep them safe").click()
    page.locator("#new-session").wait_for()
    page.reload()
    expect(page.locator(".topbar")).to_contain_text("Carla")
    stack.ok("PATCH", "/v1/organization", {"settings": {"second_factor": "off"}})


def test_signed_in_devices_are_seen_and_signed_out(page: Page, context: BrowserContext, stack: Stack) -> None:
    sign_in(page, stack)
    elsewhere = context.browser.new_context()  # type: ignore[union-attr]
    other = elsewhere.new_page()
    sign_in(other, stack)
    page.get_by_role("link", name="My security").click()
    here = page.locator("#sign-ins li").filter(has_text="This one")
    expect(here).to_have_count(1)
    newest = page.locator("#sign-ins li").filter(has_not_text="This one").filter(has_text="Chrome").first
    newest.get_by_role("button", name="Sign out there").click()
    expect(page.get_by_text("Signed out there.")).to_be_visible()
    other.reload()
    other.get_by_label("Company").wait_for()
    elsewhere.close()


def test_refusals_are_said_in_plain_words(page: Page, stack: Stack) -> None:
    one_time = make_operator(stack, "dora")
    operator = stack.ok("GET", "/v1/operators?q=dora")["items"][0]["id"]
    stack.ok("PATCH", f"/v1/operators/{operator}", {"suspended": True})
    page.goto(stack.url + "/console")
    fill_sign_in(page, "dora", one_time)
    expect(page.get_by_role("alert")).to_contain_text("suspended")
    stack.ok("PATCH", f"/v1/operators/{operator}", {"suspended": False})
    link = stack.ok("POST", f"/v1/operators/{operator}/invite", {})["link"]
    page.goto(link)
    choose_password(page)
    page.locator("#new-session").wait_for()
    expect(page.locator(".topbar")).to_contain_text("Dora")
    assert "#" not in page.url
    sign_out(page)
    page.goto(link)
    choose_password(page)
    expect(page.get_by_role("alert")).to_contain_text("Ask an administrator for a new one")


def an_hour_passes(stack: Stack) -> None:
    """For all sign-ins there are: what was proved, was proved an hour ago."""
    with sqlite3.connect(stack.data / "tasuki.db") as connection:
        connection.execute("UPDATE sign_in SET authenticated_at = datetime(authenticated_at, '-1 hour')")
