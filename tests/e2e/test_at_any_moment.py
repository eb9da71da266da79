"""What the customer can do at any moment, and what outlives their program: chat, pause, less than everything, a kill -9."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest

from tests.e2e.operator import until
from tests.e2e.stack import TASUKI, Stack, Viewer, accept
from tools.demo import Customer, running

pytestmark = [pytest.mark.xdist_group("moment")]


class Talker(Viewer):
    """`tasuki chat --json`: a viewer with words of its own."""

    def say(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()


@contextmanager
def talking(stack: Stack, session: str) -> Iterator[Talker]:
    command = [*TASUKI, "chat", session, "--json"]
    with running(command, env=stack.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Talker(process)
        assert process.stdin is not None
        process.stdin.close()


@contextmanager
def together(stack: Stack, **more: Any) -> Iterator[tuple[Customer, Talker, str]]:
    """A customer at a terminal who accepted, and the operator who writes."""
    made = stack.session(**more)
    with stack.customer(made["code"]) as customer, talking(stack, made["id"]) as operator:
        accept(customer, operator.until("digits")["digits"])
        operator.until("accepted")
        customer.until("sees and controls your screen")
        yield customer, operator, made["id"]


def test_words_pause_and_less_than_everything(stack: Stack) -> None:
    with together(stack) as (customer, operator, session):
        operator.say("Hello, 日本")
        customer.until("Alice: Hello, 日本")
        assert operator.until("chat") == {
            "event": "chat", "text": "Hello, 日本", "mine": True, "sender": 2,
        }  # fmt: skip
        customer.type("m")
        customer.until("Message, then Enter")
        customer.type("s is a letter here\n")
        assert operator.until("chat")["text"] == "s is a letter here"
        customer.type("v")
        assert operator.until("grants")["grants"] == ["chat", "view"]
        customer.until("Alice of \\S+ sees your screen")
        customer.type("c")
        assert operator.until("grants")["grants"] == ["chat"]
        customer.until("Messages only")
        operator.say("Still here")
        customer.until("Alice: Still here")
        customer.type("p")
        assert operator.until("grants")["grants"] == []
        customer.until("Paused: Alice")
        until(lambda: stack.ok("GET", f"/v1/sessions/{session}")["state"] == "paused", what="the pause at the api")
        operator.say("Nobody hears this")
        assert operator.until("not_said")["text"] == "Nobody hears this"
        customer.type("p")
        assert operator.until("grants")["grants"] == ["chat", "control", "view"]
        until(lambda: stack.ok("GET", f"/v1/sessions/{session}")["state"] == "active", what="the session going on")
        customer.drain()
        assert "Nobody hears this" not in customer.seen
        customer.type("s")
        assert operator.until("ended") == {"event": "ended", "by": "customer", "reason": "ended"}


def test_a_killed_program_comes_back_without_a_new_question(stack: Stack) -> None:
    with together(stack) as (customer, operator, _):
        operator.say("before")
        customer.until("Alice: before")
        customer.type("v")
        assert operator.until("grants")["grants"] == ["chat", "view"]
        [child] = psutil.Process(customer.pid).children()
        os.kill(child.pid, signal.SIGKILL)
        operator.until("away")
        customer.until("the session goes on")
        operator.until("accepted")
        customer.until(r"goes on …(?s:.)*● Alice of \S+ sees your screen(?s:.)*Alice: before")
        operator.say("after")
        customer.until("Alice: after")
        after = customer.seen.split("the session goes on", 1)[1]
        assert "yes or no" not in after
        assert "Six digits" not in after
        assert after.count("Alice: before") == after.count("Alice: after") == 1
        [again] = psutil.Process(customer.pid).children()
        kept = list((stack.data.parent / "operator" / "hosts").glob("*.json"))
        assert len(kept) == 1
        assert kept[0].stat().st_mode & 0o777 == 0o600
        assert json.loads(kept[0].read_text())["counter"] > 2
        assert again.pid != child.pid
        customer.type("s")
        operator.until("ended")
        customer.until("You ended it")
        assert not list(kept[0].parent.glob("*.json")), "nothing stays of a session that is over"


def test_a_whole_machine_that_went_down_comes_back_without_a_code(stack: Stack) -> None:
    with together(stack) as (customer, operator, _):
        [child] = psutil.Process(customer.pid).children()
        for process in (customer.pid, child.pid):
            os.kill(process, signal.SIGKILL)
        operator.until("away")
        [kept] = (stack.data.parent / "operator" / "hosts").glob("*.json")
        before = kept.stat().st_mtime - 60  # as after a start of the machine: nobody writes it any more
        os.utime(kept, (before, before))
        environment = stack.environment | {"TASUKI_UI": "terminal", "LC_ALL": "C.UTF-8", "DISPLAY": ""}
        again = Customer([*TASUKI, "join"], environment)
        try:
            again.until(r"● Alice of \S+ sees and controls your screen")
            operator.until("accepted")
            assert "yes or no" not in again.seen
            again.type("s")
            operator.until("ended")
            again.until("You ended it")
        finally:
            again.close()


def test_somebody_unknown_called(stack: Stack) -> None:
    made = stack.session()
    strange = {"TASUKI_CONFIG_DIR": str(stack.data / "a fresh machine")}
    with stack.customer(made["code"], "", **strange) as customer, stack.viewer(made["id"]) as viewer:
        customer.until("First time with")
        customer.until("Six digits, then Enter")
        customer.type("u\n")
        customer.until("it was reported")
        assert viewer.process.wait(20) == 5
    until(lambda: stack.ok("GET", f"/v1/sessions/{made['id']}")["state"] == "ended", what="the end at the api")
    session = stack.ok("GET", f"/v1/sessions/{made['id']}")
    assert (session["ended_by"], session["reason"]) == ("customer", "unknown_caller")
