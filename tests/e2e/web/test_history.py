"""The history in the console: found, summed, saved; how long it is kept, what must stay, and forgetting a customer for good."""

import csv
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stack import Stack
from tests.e2e.web.pages import sign_in
from tests.e2e.web.test_accessible import CHECK

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web")]
HOSTILE = '=1+1<img src=x onerror="document.title=`owned`">'


def helped(stack: Stack, name: str, email: str) -> dict[str, Any]:
    customer, reference = {"name": name, "email": email}, {"system": "crm", "id": f"T-{email[:3]}"}
    session = stack.ok("POST", "/v1/sessions", {"mode": "view", "customer": customer, "reference": reference})
    stack.ok("POST", f"/v1/sessions/{session['id']}/end", {"reason": "solved"})
    return session


def go(page: Page, place: str) -> None:
    """To a place of the console, which has its heading and no fault that can be found by machine."""
    page.get_by_role("navigation", name="Places").get_by_role("link", name=place, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=place)).to_be_visible()
    look(page, place)


def look(page: Page, name: str) -> None:
    """Accessible in both colours; a picture of it, as wide as a desk and as a phone, for whoever asks (SCREENS=dir)."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(CHECK) == [], (name, scheme)
        for width in (1280, 390) if "SCREENS" in os.environ else ():
            page.set_viewport_size({"width": width, "height": 800})
            file = Path(os.environ["SCREENS"]) / f"{name}-{scheme}-{width}.png"
            page.screenshot(path=file, full_page=True)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")


def test_the_history_is_read_saved_kept_and_forgotten(page: Page, stack: Stack, tmp_path: Path) -> None:
    hanako = helped(stack, "Hanako Yamada", "hanako@example.jp")
    helped(stack, HOSTILE, "evil@example.jp")
    sign_in(page, stack)
    go(page, "History")
    expect(page.get_by_role("button", name=HOSTILE)).to_be_visible()
    page.get_by_label("Customer's e-mail").fill("hanako@example.jp")
    expect(page.get_by_role("button", name=HOSTILE)).to_have_count(0)
    expect(page.locator("#totals")).to_contain_text("1 sessions")
    page.get_by_role("button", name="Hanako Yamada").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Hanako Yamada · hanako@example.jp")
    expect(dialog).to_contain_text("The operator · solved")
    look(page, "details")
    dialog.get_by_role("button", name="Close").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as CSV").click()
    file = tmp_path / "sessions.csv"
    saved.value.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as text:
        (row,) = csv.DictReader(text)
    assert (row["id"], row["customer_name"]) == (hanako["id"], "Hanako Yamada")
    page.get_by_label("Customer's e-mail").fill("evil@example.jp")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as CSV").click()
    saved.value.save_as(file)
    assert f"'{HOSTILE.replace(chr(34), chr(34) * 2)}" in file.read_text()
    for tab, there in (("Events", "session.ended"), ("Sign-ins", "Signed in"), ("Sums", "All")):
        page.get_by_role("navigation", name="Which history").get_by_role("link", name=tab).click()
        expect(page.locator("table.list")).to_contain_text(there)
        look(page, tab)
    page.get_by_label("Add up by").select_option(label="Mode")
    expect(page.locator("#usage")).to_contain_text("See only")

    go(page, "Organisation")
    months = page.get_by_label("Months")
    expect(months).to_have_value("12")
    months.fill("24")
    page.locator("#organization-retention").get_by_role("button", name="Save").click()
    expect(months).to_have_value("24")
    assert stack.ok("GET", "/v1/organization/retention")["months"] == 24

    go(page, "Legal holds")
    page.get_by_role("button", name="Order a hold").click()
    page.get_by_label("Customer's e-mail").fill("hanako@example.jp")
    page.get_by_label("Reason").fill("Case 17")
    look(page, "new-hold")
    page.get_by_role("button", name="Order", exact=True).click()
    expect(page.get_by_role("cell", name="Case 17")).to_be_visible()
    look(page, "holds")

    go(page, "Customers")
    page.get_by_label("E-mail address").fill("hanako@example.jp")
    expect(page.get_by_role("link", name="Hanako Yamada")).to_have_count(1)
    page.get_by_role("link", name="Hanako Yamada").click()
    page.locator("#forget").click()
    expect(page.locator("#what-is-lost li")).to_have_count(4)
    page.get_by_label("Why").fill("Asked for it by letter.")
    look(page, "forget")
    page.get_by_role("button", name="Forget for good").click()
    expect(dialog.get_by_text("A legal hold says that this must be kept")).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()

    go(page, "Legal holds")
    page.get_by_role("button", name="Lift").click()
    dialog.get_by_role("button", name="Lift").click()
    expect(page.get_by_text("No legal hold stands.")).to_be_visible()
    go(page, "Customers")
    page.get_by_label("E-mail address").fill("hanako@example.jp")
    expect(page.get_by_role("link", name="Hanako Yamada")).to_have_count(1)
    page.get_by_role("link", name="Hanako Yamada").click()
    page.locator("#forget").click()
    page.get_by_label("Why").fill("Asked for it by letter.")
    page.get_by_role("button", name="Forget for good").click()
    expect(page.get_by_role("heading", level=1, name="Forgotten")).to_be_visible()
    expect(page.get_by_role("heading", name="Proof")).to_be_visible()
    look(page, "forgotten")
    go(page, "History")
    expect(page.get_by_role("button", name="Forgotten")).to_be_visible()
    expect(page.get_by_text("Hanako")).to_have_count(0)
    assert page.title() != "owned"
