"""What a line of the log looks like, whoever writes it; of errors it says where and not what."""

import json
import subprocess
import sys
from typing import Any

import pytest

from api.logs import shortened

PROGRAM = """
import logging, structlog
from api.logs import configure_logs

def fails():
    try:
        int("hunter2")
    except ValueError as error:
        raise RuntimeError("the password is hunter2") from error

configure_logs()
try:
    fails()
except RuntimeError:
    structlog.get_logger().exception("api.test")
    logging.getLogger("some.driver").exception("could not store")
logging.getLogger("x").warning('a "quoted"\\n{"event": "forged"} %s', "word")
with structlog.contextvars.bound_contextvars(request_id="req_1"):
    structlog.get_logger().info("api.test", value=object)
"""


def test_lines_of_ours_and_of_libraries() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert "hunter2" not in done.stderr
    ours, theirs, quoted, bound = (json.loads(line) for line in done.stderr.splitlines())
    for line in (ours, theirs):
        assert line["exception"] == ["builtins.RuntimeError", "builtins.ValueError"]
        assert line["frames"][-1].endswith(" fails")
        assert line["level"] == "error"
        assert next(iter(line)) == "event"
    assert (theirs["event"], theirs["logger"], theirs["message"]) == ("library", "some.driver", "could not store")
    assert quoted["message"] == 'a "quoted"\n{"event": "forged"} word'
    assert (bound["event"], bound["request_id"]) == ("api.test", "req_1")


@pytest.mark.parametrize(
    ("address", "allowed", "logged"),
    [
        ("192.0.2.77", "whole", "192.0.2.77"), ("192.0.2.77", "network", "192.0.2.0/24"), ("192.0.2.77", "none", None),
        ("2001:db8:1:2:3::4", "network", "2001:db8:1::/48"), ("::ffff:192.0.2.77", "network", "192.0.2.0/24"),
        ("a proxy's nonsense", "network", None), (None, "whole", None),
    ],
)  # fmt: skip
def test_no_more_of_an_address_than_is_allowed(address: str | None, allowed: Any, logged: str | None) -> None:
    assert shortened(address, allowed) == logged
