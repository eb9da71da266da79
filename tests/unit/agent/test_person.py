"""What the person at the host's machine sees, and when it is over."""

import asyncio

from agent.host import events
from agent.host.person import Person
from agent.host.ui import Sign
from agent.host.ui.fake import FakeInterface
from agent.host.ui.question import Question
from agent.host.ui.wording import Wording
from tests.support.session import Session

STATEMENT = {
    "operator": {"name": "Alice", "verified": "password"},
    "organisation": {"name": "Acme"},
    "mode": "control",
    "features": [],
}


async def test_after_the_end_nothing_is_shown_any_more() -> None:
    """Connections are still lost then, and whoever looks on leaves: that is no new session to wait for."""
    session, ui = Session(), FakeInterface()
    session.accepted(session.viewer())
    person = Person(
        ui, Question.from_statement(STATEMENT, "https://support.example.com"), "en", session.host.core,
        handle=lambda _: None, now=lambda: session.now, spawn=asyncio.ensure_future,
    )  # fmt: skip
    await person.begin()
    person.on_event(events.Accepted(2))
    await ui.until_shown("sign")
    session.host.core.end("customer", "ended")
    shown = list(ui.shown)
    for event in (events.ViewerAway(2), events.Changed(), events.ViewerHere(2), events.Cancelled(2)):
        person.on_event(event)
        await asyncio.sleep(0)
    assert ui.shown == shown


def test_who_looks_on_is_told_of_a_pause() -> None:
    question = Question.from_statement(STATEMENT | {"mode": "share"}, "https://support.example.com")
    for lang in ("en", "ja"):
        words = Wording(lang)
        said = {
            words.sign(question, Sign("look", held=held, away=away)) for held in (False, True) for away in (False, True)
        }
        assert len(said) == 3, "not connected says more than paused"
