"""B3, whole: the customer takes something back, ends, keeps the receipt; the operator prints the same; both check it offline."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.operator import operator
from tests.e2e.stack import Stack, accept
from tests.unit.web.browser import chromium, watch
from texts.receipt_page import file_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LOOKS = """() => {
    const bar = document.querySelector('.held');
    const sheet = getComputedStyle(document.body).backgroundColor;
    return { bar: getComputedStyle(bar).fill, scripts: document.scripts.length, wide: bar.getBBox().width, sheet };
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def offline(stack: Stack, file: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """`tasuki receipt verify`, where no server can be reached."""
    nowhere = {"TASUKI_API_URL": "http://127.0.0.1:1", "TASUKI_CONFIG_DIR": str(file.parent / "nobody")}
    done = stack.tasuki("receipt", "verify", str(file), "--json", *options, **nowhere)
    return done.returncode, json.loads(done.stdout)


def sheets(page: Page) -> int:
    """How many sheets of A4 it takes on paper."""
    return len(re.findall(rb"/Type\s*/Page[^s]", page.pdf(prefer_css_page_size=True, print_background=True)))


def test_what_the_customer_keeps_is_what_the_operator_prints_and_holds_offline(
    browser: Browser, stack: Stack, tmp_path: Path
) -> None:
    home, keys = tmp_path / "home", tmp_path / "jwks.json"
    (home / "Documents").mkdir(parents=True)
    keys.write_bytes(stack.api("GET", "/.well-known/jwks.json").content)
    with operator(browser, stack, accept_downloads=True, timezone_id="Asia/Tokyo") as who:
        who.sign_in()
        made, code, _ = who.new_session("view")
        with stack.customer(code, HOME=str(home), TZ="Asia/Tokyo") as customer:
            accept(customer, who.digits())
            who.sees()
            customer.until("Take back")
            customer.type("p")
            customer.until("Paused")
            customer.type("p")
            customer.until(r"(?s)Paused.*sees your screen")
            customer.type("s")
            customer.until("keep a receipt")
            customer.type("r\n")
            customer.until(r"Saved in .*/Documents: .*\.html .* and .*\.json")

        page = who.page
        bars = page.locator("#receipt .timeline tr")
        expect(bars.first).to_contain_text("Seeing the screen", timeout=20_000)
        expect(bars.last).to_contain_text("Paused")
        with page.expect_popup() as opened:
            page.locator("#receipt-open").click()
        printed = opened.value
        complaints = watch(printed)
        expect(printed.get_by_role("heading", level=1)).to_have_text("Receipt of a remote session")
        expect(printed.locator("body")).to_contain_text("All times in UTC+09:00")
        expect(printed.locator("body")).to_contain_text("Alice (signed in with a password)")
        seen = printed.evaluate(LOOKS)
        assert (seen["bar"], seen["scripts"], seen["sheet"]) == ("rgb(31, 111, 84)", 0, "rgb(255, 255, 255)")
        assert seen["wide"] > 1
        assert sheets(printed) == 1
        assert complaints == []
        printed.close()
        with page.expect_download() as downloading:
            page.locator("#receipt-file").click()
        operators = tmp_path / downloading.value.suggested_filename
        downloading.value.save_as(operators)

    html, signed = sorted((home / "Documents").iterdir())
    assert signed.read_bytes() == operators.read_bytes() == file_in(html.read_bytes())
    for file in (html, signed, operators):
        code_, proven = offline(stack, file, "--key", str(keys))
        assert (code_, proven["key_compared"]) == (0, True)
    said = proven["receipt"]
    assert (said["session_id"], said["server"]["ended_by"], said["host"]["complete"]) == (made, "customer", True)
    assert [one["yes"] for one in said["host"]["answers"]] == [True]
    assert len(said["host"]["pauses"]) == 1
    assert len([one for one in said["host"]["grants"] if one["what"] == "view"]) == 2, "not while it was paused"
    assert said["server"]["bytes"]["from_host"] > 0

    changed = tmp_path / "changed.json"
    changed.write_bytes(signed.read_bytes().replace(b'"mode": "view"', b'"mode": "control"', 1))
    code_, found = offline(stack, changed, "--key", str(keys))
    assert (code_, found["fields"]) == (6, ["/server/mode"])
    shown = stack.tasuki("receipt", "show", made)
    assert shown.returncode == 0, shown.stderr
    assert "Seeing the screen" in shown.stdout


def test_it_is_saved_without_asking_where_a_program_says_where(stack: Stack, tmp_path: Path) -> None:
    session = stack.session("view")
    where = tmp_path / "receipt.json"
    with (
        stack.viewer(session["id"]) as viewer,
        stack.customer(session["code"], "", "--receipt", str(where)) as customer,
    ):
        accept(customer, viewer.until("digits")["digits"])
        customer.until("sees your screen")
        customer.type("s")
        customer.until("Saved: ")
    code, proven = offline(stack, where)
    assert (code, proven["receipt"]["session_id"]) == (7, session["id"])
