"""Operator and customer, each at a terminal, over the running product."""

import json
import re
from pathlib import Path
from typing import Any

import mss
import pytest
from PIL import Image

from tests.e2e.stack import Stack, accept
from tests.fixtures.xvfb import Xvfb

pytestmark = [pytest.mark.x11, pytest.mark.xdist_group("cli")]


def screenshot(display: str) -> Image.Image:
    """The display as it is, not through anything of ours."""
    with mss.MSS(display=display) as source:
        shot = source.grab(source.monitors[0])
        return Image.frombytes("RGB", shot.size, shot.bgra, "raw", "BGRX")


def test_a_whole_session_by_code(stack: Stack, desktop: Xvfb, tmp_path: Path) -> None:
    made = json.loads(stack.tasuki("session", "create", "--mode", "control", "--json").stdout)
    assert re.fullmatch(r"\d{8}", made["code"])
    picture = tmp_path / "out.png"
    with (
        desktop.program("xterm", "-geometry", "80x24+40+40"),
        stack.customer(made["code"], desktop.display) as customer,
    ):
        customer.until("Alice")
        customer.until("acme|Acme")
        with stack.viewer(made["id"], "--screenshot", str(picture)) as viewer:
            accept(customer, viewer.until("digits")["digits"])
            assert viewer.until("accepted")["grants"] == ["chat", "control", "view"]
            viewer.until("screenshot")
        customer.until("sees and controls")
        seen = Image.open(picture)
        assert seen.tobytes() == screenshot(desktop.display).tobytes(), "pixel by pixel"
        ended = stack.tasuki("session", "end", made["id"], "--json")
        assert json.loads(ended.stdout)["state"] == "ended"
        customer.until("other side ended it")
    session = stack.ok("GET", f"/v1/sessions/{made['id']}")
    assert (session["ended_by"], session["state"]) == ("operator", "ended")
    kinds = [event["type"] for event in stack.ok("GET", f"/v1/sessions/{made['id']}/events")["items"]]
    assert kinds.index("session.created") < kinds.index("session.ended")


def test_a_link_needs_no_digits(stack: Stack, desktop: Xvfb) -> None:
    made = json.loads(stack.tasuki("session", "create", "--mode", "view", "--json").stdout)
    with stack.customer(made["link"], desktop.display) as customer, stack.viewer(made["id"]) as viewer:
        assert viewer.until("digits")["digits"] is None
        accept(customer, None)
        assert viewer.until("accepted")["grants"] == ["chat", "view"]
        customer.until("sees your screen")
        customer.type("s")
        assert viewer.until("ended") == {"event": "ended", "by": "customer", "reason": "ended"}
        customer.until("You ended it")


def test_a_refusal_ends_it_and_nothing_was_shown(stack: Stack) -> None:
    made = stack.session()
    with stack.customer(made["code"]) as customer, stack.viewer(made["id"]) as viewer:
        digits = viewer.until("digits")["digits"]
        customer.until("Six digits, then Enter")
        customer.type(digits + "\n")
        customer.until("yes or no, then Enter")
        assert "Alice" in customer.seen
        customer.type("no\n")
        customer.until("said No")
        assert viewer.process.wait(20) == 5
    session = stack.ok("GET", f"/v1/sessions/{made['id']}")
    assert (session["state"], session["ended_by"], session["reason"]) == ("ended", "customer", "refused")


@pytest.mark.rule("R16")
def test_three_wrong_entries_end_the_session(stack: Stack) -> None:
    made = stack.session()
    with stack.customer(made["code"]) as customer, stack.viewer(made["id"]) as viewer:
        shown = []
        for attempt in range(3):
            shown.append(viewer.until("digits")["digits"])
            customer.until(r"Six digits, then Enter(?s:.)*" * (attempt + 1))
            wrong = f"{(int(shown[-1]) + 1) % 1_000_000:06d}"
            customer.type(wrong + "\n")
        assert len(set(shown)) == 3, "new keys, new digits, each time"
        customer.until("tried too often")
        assert viewer.process.wait(20) == 5
    session = stack.ok("GET", f"/v1/sessions/{made['id']}")
    assert (session["ended_by"], session["reason"]) == ("system", "verification_failed")


@pytest.mark.rule("R11")
def test_codes_that_are_wrong_used_or_foreign_get_one_answer(stack: Stack) -> None:
    used = stack.session()
    assert stack.api("POST", "/v1/join", {"code": used["code"]}).status_code == 200
    answers: list[dict[str, Any]] = []
    for code in ("00000000", used["code"]):
        said = stack.tasuki("join", code, "--screen", "drawn", DISPLAY="")
        assert said.returncode == 5
        assert "not valid" in said.stderr
        assert "Traceback" not in said.stderr
        answer = stack.api("POST", "/v1/join", {"code": code})
        assert answer.status_code == 404
        answers.append({key: value for key, value in answer.json().items() if key != "instance"})
    assert answers[0] == answers[1]
    stack.ok("POST", f"/v1/sessions/{used['id']}/end")


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("1234", "6 to 12 digits"),
        ("abcdefgh", "6 to 12 digits"),
        ("https://x/y", "join link"),
        ("http://localhost/join/12345678#k=abc", "not whole"),
    ],
)
def test_a_mistyped_invitation_says_what_to_do(stack: Stack, typed: str, says: str) -> None:
    said = stack.tasuki("join", typed)
    assert said.returncode == 1
    assert says in said.stderr
    assert len(said.stderr.strip().splitlines()) == 1


def test_no_display_is_said_before_the_code_is_used(stack: Stack) -> None:
    made = stack.session()
    said = stack.tasuki("join", made["code"], "--server", stack.url, DISPLAY="")
    assert said.returncode == 1
    assert "no display" in said.stderr
    assert stack.ok("GET", f"/v1/sessions/{made['id']}")["state"] == "waiting"
    stack.ok("POST", f"/v1/sessions/{made['id']}/end")


def test_a_server_that_is_away_is_named(stack: Stack) -> None:
    said = stack.tasuki("join", "12345678", "--server", "http://127.0.0.1:9", "--screen", "drawn")
    assert said.returncode == 3
    assert "http://127.0.0.1:9 does not answer" in said.stderr


def test_list_show_and_call_speak_json_and_tables(stack: Stack) -> None:
    made = stack.session(reference={"system": "zendesk", "id": "4711"})
    assert made["id"] in stack.tasuki("session", "list").stdout
    assert json.loads(stack.tasuki("session", "show", made["id"], "--json").stdout)["reference"]["id"] == "4711"
    called = stack.tasuki("call", "GET", "/v1/sessions", "limit=1")
    assert len(json.loads(called.stdout)["items"]) == 1
    bad = stack.tasuki("session", "show", "ses_nothing")
    assert bad.returncode == 1
    assert "Traceback" not in bad.stderr
    stack.ok("POST", f"/v1/sessions/{made['id']}/end")


def test_the_port_is_taken(stack: Stack) -> None:
    said = stack.tasuki("serve")
    assert said.returncode == 1
    assert "taken" in said.stderr


def test_every_command_speaks_json(stack: Stack) -> None:
    assert json.loads(stack.tasuki("call", "GET", "/v1/me", "--json").stdout)["operator"]["login"] == "alice"
    refused = stack.tasuki("session", "create", "--mode", "nonsense", "--json")
    assert refused.returncode == 1
    assert refused.stdout == ""
    said = json.loads(refused.stderr)["error"]
    assert "mode" in said["detail"]
    assert said["slug"]
    away = stack.tasuki("join", "00000000", "--screen", "drawn", "--json")
    assert (away.stdout, json.loads(away.stderr)["error"]["exit_code"]) == ("", 5)


def test_the_customer_is_refused_in_japanese(stack: Stack) -> None:
    said = stack.tasuki("join", "00000000", "--screen", "drawn", LC_ALL="ja_JP.UTF-8")
    assert "このコードは使えません" in said.stderr
