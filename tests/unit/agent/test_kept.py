"""What a host leaves for its successor: for its owner's eyes, for 15 minutes, with a counter that never goes back."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from agent.host.consent import Consent, State
from agent.host.kept import HostFile, unfinished
from agent.host.protocol import HostProtocol
from agent.outbox import Outbox
from tests.support.session import STATEMENT, End, Session, entropy
from wire.limits import RESUME_SECONDS

SEAT = {"session": "ses_1"}


def reborn(session: Session, file: HostFile) -> tuple[dict[str, Any], Session]:
    """The host's process is gone; another one reads the file and takes its place in the room."""
    session.disconnect(session.host)
    loaded = file.load(session.now)
    assert loaded is not None
    seat, kept = loaded
    outbox = Outbox()
    session.consent = Consent("control", ["chat"], kept=kept.consent)
    session.host = End(1, HostProtocol(
        sender=1, ticket="host", statement=STATEMENT, consent=session.consent, outbox=outbox,
        entropy=entropy("another host"), counter=file.count, kept=kept,
    ), outbox)  # fmt: skip
    return seat, session


def session_with(file: HostFile) -> Session:
    session = Session(features=["chat"])
    outbox = Outbox()
    session.host = End(1, HostProtocol(
        sender=1, ticket="host", statement=STATEMENT, consent=session.consent, outbox=outbox, entropy=entropy("host"),
        counter=file.count,
    ), outbox)  # fmt: skip
    session.accepted(session.viewer())
    return session


def keep(session: Session, file: HostFile) -> None:
    kept = session.host.core.keep()
    assert kept is not None
    file.save(SEAT, kept, session.now)


def test_the_next_process_goes_on_without_a_question_and_the_same_keys_are_never_made(tmp_path: Path) -> None:
    file = HostFile(tmp_path / "hosts" / "one.json")
    session = session_with(file)
    viewer = session.viewers[2]
    viewer.core.say("before")
    session.settle()
    session.host.events += session.host.core.view_only(session.now)
    session.settle()
    keep(session, file)
    used = json.loads(file.path.read_text())["counter"]
    again = HostFile(file.path)
    seat, session = reborn(session, again)
    assert seat == SEAT
    assert session.consent.state is State.VIEW_ONLY
    assert session.consent.accepted == {2}
    assert not session.host.core.wants_picture(session.now), "nobody is there, and the sign comes first"
    session.connect(session.host)
    session.settle()
    session.show()
    assert session.same(viewer)
    assert viewer.core.grants == {"view", "chat"}
    assert json.loads(file.path.read_text())["counter"] > used, "durable before it is used"
    viewer.core.say("after")
    session.settle()
    assert [line.text for line in session.host.core.chat.lines] == ["before", "after"]
    assert [line.text for line in viewer.core.chat.lines] == ["before", "after"]


def test_it_is_for_the_owner_alone_and_holds_nothing_before_a_yes(tmp_path: Path) -> None:
    file = HostFile(tmp_path / "hosts" / "one.json")
    session = Session()
    assert session.host.core.keep() is None
    assert [file.count() for _ in range(3)] == [1, 2, 3]
    assert not file.path.exists(), "numbers are not worth a file before anybody was accepted"
    session.accepted(session.viewer())
    keep(session, file)
    assert (file.path.stat().st_mode & 0o777, file.path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert file.count() == 4
    assert json.loads(file.path.read_text())["counter"] == 4
    file.erase()
    assert not list(file.path.parent.iterdir())
    file.erase()


@pytest.mark.parametrize("age", [RESUME_SECONDS + 1, -60.0])
def test_after_fifteen_minutes_there_is_nothing_to_come_back_to(tmp_path: Path, age: float) -> None:
    file = HostFile(tmp_path / "one.json")
    session = session_with(file)
    keep(session, file)
    value = json.loads(file.path.read_text())
    file.path.write_text(json.dumps(value | {"saved": value["saved"] - age}))
    assert HostFile(file.path).load(session.now) is None
    os.utime(file.path, (value["saved"] - age, value["saved"] - age))
    assert bool(unfinished(tmp_path)) == (age < 0)
    assert file.path.exists() == (age < 0), "old ones are erased"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}', '{"version": 2, "saved": 0}'])
def test_a_file_that_is_none_of_ours_is_nothing(tmp_path: Path, text: str) -> None:
    file = HostFile(tmp_path / "one.json")
    file.path.write_text(text)
    assert file.load(0.0) is None
