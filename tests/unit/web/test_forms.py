"""Forms, the policy editor and step-up, in Chromium: js/forms.js says what each case is about."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

NAMES = re.findall(
    r"^export (?:async )?function (\w+)", (Path(__file__).parent / "js/forms.js").read_text(), re.MULTILINE
)

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", NAMES)
def test_unit(blank: Page, name: str) -> None:
    blank.evaluate("async (name) => { await (await import('/js/forms.js'))[name](); }", name)
