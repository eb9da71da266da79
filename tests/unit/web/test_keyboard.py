"""Keys and text as different platforms tell them, as X11 keysyms."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.unit.web.browser import watch
from tests.unit.web.server import Site

pytestmark = pytest.mark.browser


@pytest.fixture
def typing(page: Page) -> Page:
    page.evaluate("async () => (await import('/js/typing.js')).start()")
    return page


def on_platform(browser: Browser, site: Site, platform: str) -> Page:
    """A page that believes to be on another system."""
    page = browser.new_context().new_page()
    watch(page)
    page.add_init_script(f"Object.defineProperty(navigator, 'platform', {{ get: () => '{platform}' }})")
    page.goto(site.url)
    page.evaluate("async () => (await import('/js/typing.js')).start()")
    return page


def sent(page: Page) -> list[str]:
    found: list[str] = page.evaluate("window.sent.splice(0)")
    return found


def key(page: Page, kind: str, **fields: Any) -> bool:
    """Whether the page kept the key from the browser."""
    script = "async ([type, fields]) => (await import('/js/typing.js')).key(type, fields)"
    kept: bool = page.evaluate(script, [f"key{kind}", fields])
    return kept


def test_letters_with_shift(typing: Page) -> None:
    typing.keyboard.press("Shift+KeyA")
    assert sent(typing) == ["+ffe1", "+41", "-41", "-ffe1"]


def test_a_key_goes_up_as_what_went_down(typing: Page) -> None:
    key(typing, "down", key="A", code="KeyA", shiftKey=True)
    key(typing, "up", key="a", code="KeyA")
    assert sent(typing) == ["+41", "-41"]


def test_repeats_go_on(typing: Page) -> None:
    key(typing, "down", key="x", code="KeyX")
    key(typing, "down", key="x", code="KeyX", repeat=True)
    key(typing, "up", key="x", code="KeyX")
    assert sent(typing) == ["+78", "+78", "-78"]


@pytest.mark.parametrize("combination", ["F5", "Control+KeyW", "Control+KeyL", "Tab", "Alt+ArrowLeft", "Control+KeyV"])
def test_browser_shortcuts_are_kept_from_the_browser(typing: Page, combination: str) -> None:
    url = typing.url
    typing.keyboard.press(combination)
    assert sent(typing)
    assert typing.url == url
    assert typing.evaluate("document.activeElement.tagName") == "TEXTAREA"


def test_altgr_sends_the_character_alone(typing: Page) -> None:
    key(typing, "down", key="AltGraph", code="AltRight", location=2)
    key(typing, "down", key="@", code="KeyQ")
    key(typing, "up", key="@", code="KeyQ")
    key(typing, "up", key="AltGraph", code="AltRight", location=2)
    assert sent(typing) == ["+40", "-40"]


def test_windows_says_altgr_as_control_and_altgr(browser: Browser, site: Site) -> None:
    page = on_platform(browser, site, "Win32")
    page.evaluate(
        """async () => {
          const { key } = await import('/js/typing.js');
          key('keydown', { key: 'Control', code: 'ControlLeft', location: 1 });
          key('keydown', { key: 'AltGraph', code: 'AltRight', location: 2 });
          key('keydown', { key: '{', code: 'Digit7' });
          key('keyup', { key: '{', code: 'Digit7' });
          key('keyup', { key: 'Control', code: 'ControlLeft', location: 1 });
          key('keyup', { key: 'AltGraph', code: 'AltRight', location: 2 });
        }"""
    )
    assert sent(page) == ["+7b", "-7b"]
    page.keyboard.press("Control+KeyC")
    assert sent(page) == ["+ffe3", "+63", "-63", "-ffe3"]
    page.context.close()


def test_option_on_a_mac_chooses_characters_and_is_alt_for_the_rest(browser: Browser, site: Site) -> None:
    page = on_platform(browser, site, "MacIntel")
    key(page, "down", key="Alt", code="AltLeft", location=1)
    key(page, "down", key="@", code="KeyL", altKey=True)
    key(page, "up", key="@", code="KeyL", altKey=True)
    key(page, "down", key="ArrowLeft", code="ArrowLeft", altKey=True)
    key(page, "up", key="ArrowLeft", code="ArrowLeft", altKey=True)
    assert sent(page) == ["+40", "-40", "+ffe9", "+ff51", "-ff51", "-ffe9"]
    page.context.close()


def test_dead_keys_and_input_methods_are_left_alone(typing: Page) -> None:
    assert not key(typing, "down", key="Dead", code="Equal")
    assert not key(typing, "down", key="Process", code="KeyA", keyCode=229)
    assert sent(typing) == []


def test_a_composition_arrives_once_as_text(typing: Page) -> None:
    session = typing.context.new_cdp_session(typing)
    for text in ("に", "にほ", "にほんご"):
        session.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
    assert sent(typing) == []
    session.send("Input.insertText", {"text": "日本語"})
    assert sent(typing) == ["text 日本語"]
    assert typing.evaluate("document.activeElement.value") == ""
    typing.keyboard.press("b")
    assert sent(typing) == ["+62", "-62"]


def test_text_without_keys_and_pasted_text(typing: Page) -> None:
    typing.keyboard.insert_text("ñ 😀")
    typing.evaluate(
        """() => {
          const data = new DataTransfer();
          data.setData('text/plain', 'one\\r\\ntwo');
          document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, cancelable: true }));
        }"""
    )
    assert sent(typing) == ["text ñ 😀", "text one\ntwo"]


def test_on_screen_keyboards_delete_and_break(typing: Page) -> None:
    typing.evaluate(
        """() => {
          for (const inputType of ['deleteContentBackward', 'insertLineBreak']) {
            document.activeElement.dispatchEvent(new InputEvent('input', { inputType }));
          }
        }"""
    )
    assert sent(typing) == ["+ff08", "-ff08", "+ff0d", "-ff0d"]


def test_everything_is_let_go_when_the_focus_goes(typing: Page) -> None:
    typing.keyboard.down("Control")
    typing.evaluate("document.activeElement.blur()")
    assert sent(typing) == ["+ffe3", "release"]
    typing.keyboard.up("Control")
    assert sent(typing) == []


def test_one_combination_leads_back_to_the_page(typing: Page) -> None:
    typing.keyboard.press("Control+Alt+Shift+Escape")
    assert sent(typing)[-2:] == ["release", "leave"]


def test_combinations_by_button(typing: Page) -> None:
    typing.evaluate("window.keyboard.combination([0xffe3, 0xffe9, 0xffff])")
    assert sent(typing) == ["+ffe3", "+ffe9", "+ffff", "-ffff", "-ffe9", "-ffe3"]
