"""What people do on the pages, in their words."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.stack import COMPANY, LOGIN, PASSWORD, Stack


def sign_in(page: Page, stack: Stack, *, login: str = LOGIN, password: str = PASSWORD) -> None:
    page.goto(stack.url + "/console")
    fill_sign_in(page, login, password)
    page.locator("#new-session").wait_for()


def fill_sign_in(page: Page, login: str = LOGIN, password: str = PASSWORD) -> None:
    page.get_by_label("Company").fill(COMPANY)
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_label("Company").wait_for()


def new_session(page: Page, mode: str = "See and control") -> tuple[str, str]:
    """Press the big button; gives code and link."""
    page.get_by_label(mode).check()
    page.get_by_role("button", name="New session").click()
    code = page.locator("#session-code")
    code.wait_for()
    return re.sub(r"\D", "", code.inner_text()), page.locator("#join-link").inner_text()


def digits(page: Page) -> str:
    """The six digits to read out."""
    shown = page.locator("#digits:visible")
    shown.wait_for(timeout=20_000)
    return re.sub(r"\D", "", shown.inner_text())


def screen(page: Page) -> dict[str, Any]:
    """Wait for the remote screen; size and number of its newest picture."""
    shown = page.locator(".stage.live canvas:visible")
    confirm = page.locator("#confirm-customer:visible")
    confirm.or_(shown).wait_for(timeout=20_000)
    if confirm.is_visible():
        confirm.click()
    shown.wait_for(timeout=20_000)
    script = """async () => {
      const viewer = document.querySelector('tasuki-viewer');
      const { width, height, data } = await viewer.snapshot();
      return { width, height, picture: viewer.picture, colours: new Set(new Uint32Array(data.buffer)).size };
    }"""
    found: dict[str, Any] = page.evaluate(script)
    return found


def ended(page: Page, by: str, reason: str | None = None) -> None:
    """Wait for the page that says it is over, and why."""
    expect(page.locator("#ended-by")).to_have_text(by, timeout=20_000)
    if reason is not None:
        expect(page.locator("#ended-reason")).to_contain_text(reason)
