"""Whose hand is it? Mouse and keyboard over VNC are the person's own; what the injector does is not (row P2)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agent.host.input.own import NoOwnInput, own_input
from tests.fixtures.xvnc import run_xvnc

ROOT = Path(__file__).parents[3]


@pytest.mark.x11
def test_a_hand_is_noticed_and_what_is_injected_is_nobodys() -> None:
    with run_xvnc() as (server, hand):
        command = [sys.executable, "-m", "tests.support.own_hand", server.display, str(hand.path)]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout) == {
        "moved": True, "pressed": True, "typed": True, "injected": False, "moved afterwards": True,
    }  # fmt: skip


def test_a_machine_that_cannot_tell_says_so_by_never_suspending() -> None:
    nothing = own_input({})
    assert isinstance(nothing, NoOwnInput)
    nothing.start(lambda: pytest.fail("nobody was there"))
    nothing.stop()
