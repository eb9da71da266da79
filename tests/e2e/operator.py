"""An operator in a real browser at the console."""

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.stack import COMPANY, LOGIN, PASSWORD, Stack
from tests.unit.web.browser import watch

SIZE = "document.querySelector('tasuki-viewer').snapshot().then((shot) => [shot.width, shot.height])"
SNAPSHOT = """async () => {
    const { width, height, data } = await document.querySelector('tasuki-viewer').snapshot();
    let text = '';
    for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
    return { width, height, data: btoa(text) };
}"""


class Operator:
    """One browser profile, signed in."""

    def __init__(self, context: BrowserContext, stack: Stack) -> None:
        self.context, self.stack = context, stack
        self.page: Page = context.new_page()
        self.complaints = watch(self.page)

    def sign_in(self) -> None:
        self.page.goto(f"{self.stack.url}/console")
        for name, value in (("company", COMPANY), ("login", LOGIN), ("password", PASSWORD)):
            self.page.locator(f"#sign-in [name={name}]").fill(value)
        self.page.locator("#sign-in button.primary").click()
        expect(self.page.locator("#new-session")).to_be_visible()

    def new_session(self, mode: str = "control") -> tuple[str, str, str]:
        """Press the button; `(id, code, link)`."""
        self.page.locator(f"input[name=mode][value={mode}]").check()
        self.page.locator("#new-session").click()
        code = self.page.locator("#session-code").inner_text().replace(" ", "").replace("\n", "")
        return self.page.url.rsplit("/", 1)[-1], code, self.page.locator("#join-link").inner_text()

    def digits(self) -> str:
        """The six digits shown to be read out."""
        shown = self.page.locator("#digits")
        expect(shown).to_be_visible(timeout=20_000)
        return shown.inner_text().replace(" ", "").replace("\n", "")

    def sees(self) -> None:
        """Until the screen is there; by digits, the operator first confirms that the customer says so."""
        confirm = self.page.locator("#confirm-customer:visible")
        expect(confirm.or_(self.page.locator("#live-state.good"))).to_be_visible(timeout=20_000)
        if confirm.is_visible():
            confirm.click()
        expect(self.page.locator("#live-state.good")).to_be_visible(timeout=20_000)
        expect(self.page.locator("canvas.tasuki-screen")).to_be_visible(timeout=20_000)

    def picture(self) -> Image.Image:
        """What the canvas shows, at its full size."""
        shot: dict[str, Any] = self.page.evaluate(SNAPSHOT)
        return Image.frombytes("RGBA", (shot["width"], shot["height"]), base64.b64decode(shot["data"])).convert("RGB")

    def at(self, x: int, y: int) -> tuple[float, float]:
        """A place of the customer's screen in the page, for the mouse."""
        box = self.page.locator("canvas.tasuki-screen").bounding_box()
        assert box is not None
        size = self.page.evaluate(SIZE)
        return box["x"] + x * box["width"] / size[0], box["y"] + y * box["height"] / size[1]

    def click(self, x: int, y: int) -> None:
        self.page.mouse.click(*self.at(x, y))


def until(condition: Any, seconds: float = 15.0, what: str = "it") -> None:
    """Wait for something to become true; fails at the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.05)


@contextmanager
def operator(browser: Browser, stack: Stack, **options: Any) -> Iterator[Operator]:
    """A fresh profile; the page must not have complained at the end."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, locale="en-GB", **options)
    who = Operator(context, stack)
    yield who
    context.close()
    assert not who.complaints
