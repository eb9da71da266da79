"""Every page, light and dark: contrast, names of controls, headings, width of a phone."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.stack import Stack
from tests.e2e.web.pages import new_session, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web")]

CHECK = """() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const seen = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && e.getClientRects().length;
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const colour = rgb(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const text = [...element.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim()).join('');
    if (!text || !seen(element)) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(rgb(style.color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push(`contrast ${ratio.toFixed(2)}: ${text.slice(0, 40)}`);
  }
  for (const control of document.querySelectorAll('input:not([type=hidden]), textarea, button, a[href]')) {
    const labels = [...(control.labels ?? [])].map((label) => label.textContent);
    const name = control.getAttribute('aria-label') || control.textContent.trim() || labels.join('');
    if (seen(control) && !name) found.push(`no name: ${control.outerHTML.slice(0, 60)}`);
  }
  if (document.querySelectorAll('h1').length > 1) found.push('more than one h1');
  if (!document.documentElement.lang || !document.title) found.push('no language or title');
  const width = document.documentElement.scrollWidth;
  if (width > innerWidth) found.push(`wider than the window: ${width}`);
  return found;
}"""


def _sign_in_page(page: Page, stack: Stack) -> None:
    page.goto(stack.url + "/console")
    page.locator("#sign-in").wait_for()


def _waiting(page: Page, stack: Stack) -> None:
    sign_in(page, stack)
    new_session(page)


def _ended(page: Page, stack: Stack) -> None:
    _waiting(page, stack)
    page.locator("#cancel-session").click()
    page.locator("#ended-by").wait_for()


def _join(page: Page, stack: Stack) -> None:
    page.goto(stack.session()["join_url"])
    page.locator(".steps").wait_for()


def _not_valid(page: Page, stack: Stack) -> None:
    page.goto(stack.url + "/join/00000000")
    page.locator("form").wait_for()


PAGES: dict[str, Callable[[Page, Stack], Any]] = {
    "sign-in": _sign_in_page,
    "home": sign_in,
    "waiting": _waiting,
    "ended": _ended,
    "join": _join,
    "not-valid": _not_valid,
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page(browser: Browser, stack: Stack, name: str, scheme: str) -> None:
    phone = {"width": 390, "height": 844}
    context = browser.new_context(locale="en-GB", color_scheme="dark" if scheme == "dark" else "light", viewport=phone)  # type: ignore[arg-type]
    page = context.new_page()
    PAGES[name](page, stack)
    assert page.evaluate(CHECK) == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate(CHECK) == []
    context.close()
