"""Small cases of the viewer's parts, in Chromium: js/units.js says what each is about."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

NAMES = re.findall(
    r"^export (?:async )?function (\w+)", (Path(__file__).parent / "js/units.js").read_text(), re.MULTILINE
)

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", NAMES)
def test_unit(blank: Page, name: str) -> None:
    blank.evaluate("async (name) => { await (await import('/js/units.js'))[name](); }", name)
