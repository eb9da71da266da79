"""The customer in the browser, who looks at the operator's screen; and what is written, in every mode."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from agent.host.consent import State
from agent.host.events import DigitsShown, Said
from tests.unit.web.host import LiveHost, running
from tests.unit.web.test_session import HEIGHT, WIDTH, go_live, phase, screen, shows, start, state
from wire.header import Stream
from wire.messages.handshake import NoticeKind

pytestmark = pytest.mark.browser
VIEWER = "document.querySelector('tasuki-viewer')"
LISTEN = f"""() => {{
  globalThis.heard = [];
  {VIEWER}.addEventListener('tasuki-chat', ({{ detail }}) => heard.push([detail.line.text, detail.mine]));
  {VIEWER}.addEventListener('tasuki-unsaid', ({{ detail }}) => heard.push([detail.line.text, 'unsaid']));
}}"""


def digits(host: LiveHost, attempt: int = 1) -> str:
    def shown() -> str | None:
        found = [event.digits for event in host.events if isinstance(event, DigitsShown)]
        return found[attempt - 1] if len(found) >= attempt else None

    return host.wait(shown, "digits to read out")


def compare(page: Page, typed: str) -> None:
    page.evaluate(f"(typed) => {VIEWER}.compare(typed)", typed)


def heard(page: Page, count: int) -> list[Any]:
    page.wait_for_function("(count) => heard.length >= count", arg=count, timeout=15_000)
    found: list[Any] = page.evaluate("heard")
    return found


@pytest.mark.rule("R26")
def test_only_the_digits_lead_to_the_question_and_only_yes_to_the_screen(page: Page) -> None:
    with running(LiveHost("share", features=("chat",))) as host:
        host.show(screen(1), WIDTH, HEIGHT)
        start(page, host, customer=True)
        phase(page, "compare")
        assert state(page)["digits"] == "", "the page does not show what the customer is to hear"
        host.send_notice(NoticeKind.VERIFIED)  # an evil relay says that all is well
        page.evaluate(f"{VIEWER}.decide(true)")
        page.wait_for_timeout(200)
        assert state(page)["phase"] == "compare"
        wrong = f"{(int(digits(host)) + 1) % 1_000_000:06d}"
        compare(page, wrong)
        phase(page, "compare", attempt=2)
        compare(page, digits(host, 2))
        phase(page, "decide")
        assert host.do(lambda: host.consent.step) is State.ELSEWHERE
        page.evaluate(f"{VIEWER}.decide(true)")
        host.wait(lambda: host.consent.step is State.ASK, "the question to the operator")
        expect(page.locator("canvas")).to_be_hidden()
        host.answer(True)
        phase(page, "live")
        shows(page, screen(1))
        page.evaluate(f"{VIEWER}.stop()")
        phase(page, "over", by="customer", reason="ended")
        ended = host.wait(host.ended, "the end at the host")
        assert (ended.by, ended.reason) == ("customer", "ended")


def test_three_wrong_entries_end_it_here_and_there(page: Page) -> None:
    with running(LiveHost("present")) as host:
        start(page, host, customer=True)
        for attempt in (1, 2, 3):
            phase(page, "compare", attempt=attempt)
            compare(page, f"{(int(digits(host, attempt)) + 1) % 1_000_000:06d}")
        phase(page, "over", by="system", reason="verification_failed")
        ended = host.wait(host.ended, "the end at the host")
        assert ended.reason == "verification_failed"


def test_words_go_both_ways_once_and_only_while_they_are_allowed(page: Page) -> None:
    with running(LiveHost(features=("chat",))) as host:
        host.show(screen(2), WIDTH, HEIGHT)
        go_live(page, host)
        page.evaluate(LISTEN)
        assert page.evaluate(f"{VIEWER}.say('Hello 日本')") is True
        host.do(lambda: host.protocol.say("and back"))
        assert sorted(heard(page, 2)) == [["Hello 日本", True], ["and back", False]]
        said = [event.line.text for event in host.events if isinstance(event, Said)]
        assert said == ["Hello 日本"]
        host.drop()  # the connection is lost and comes back: what is not sure is sent again, and shown once
        phase(page, "live", connected=True, present=True)
        page.evaluate(f"{VIEWER}.say('again')")
        assert len(heard(page, 3)) == 3
        host.do(lambda: host.protocol.chat_only(0.0))
        page.wait_for_function(f"() => {VIEWER}.state.grants.join() === 'chat'")
        assert page.evaluate(f"{VIEWER}.say('still')") is True
        heard(page, 4)
        host.do(lambda: host.protocol.pause(0.0))
        page.wait_for_function(f"() => {VIEWER}.state.grants.length === 0")
        before = len(host.sent(Stream.CHAT))
        assert page.evaluate(f"{VIEWER}.say('nobody hears this')") is False
        assert len(host.sent(Stream.CHAT)) == before
