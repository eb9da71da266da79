"""Fixtures of the browser's unit tests: one Chromium and one static server per module, one page per test."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.unit.web.browser import chromium, watch
from tests.unit.web.server import Site, serve


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serve() as running:
        yield running


@pytest.fixture(scope="module")
def blank(browser: Browser, site: Site) -> Iterator[Page]:
    """A blank page of the site for tests that leave nothing behind on it."""
    yield from _blank(browser, site)


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A blank page of the site, in a profile of its own."""
    yield from _blank(browser, site)


def _blank(browser: Browser, site: Site) -> Iterator[Page]:
    """The page; fails at the end if it complained about anything."""
    context = browser.new_context()
    page = context.new_page()
    complaints = watch(page)
    page.goto(site.url)
    yield page
    context.close()
    assert not complaints
