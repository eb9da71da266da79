"""An operator's browser over the running product."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.stack import Stack
from tests.e2e.web.pages import sign_in
from tests.unit.web.browser import chromium, watch


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile, in English."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page nobody is signed in on; fails the test when the page complains of anything but refused requests."""
    page = context.new_page()
    complaints = watch(page)
    yield page
    page.close()
    assert [text for text in complaints if not text.startswith("Failed to load resource")] == []


@pytest.fixture
def console(page: Page, stack: Stack) -> Page:
    """The console of a signed-in operator."""
    sign_in(page, stack)
    return page
