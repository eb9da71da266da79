"""Which kernels are in use: compiled ones where they were built, the twins when asked for; both decode the same."""

import os
import subprocess
import sys

import pytest

from tests.vectors.generate import FILES

PROGRAM = """
import ext, hashlib, json
from agent.viewer.decode import Decoder
steps = json.load(open("tests/vectors/pictures.json"))["vectors"][0]["steps"]
decoder = Decoder()
decoder.delta(bytes.fromhex(steps[0]["data"]), first=True)
print(ext.IMPLEMENTATION, hashlib.sha256(decoder.pixels).hexdigest())
"""


def run(**variables: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=os.environ | variables, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_both_ways_show_the_same_picture() -> None:
    assert "pictures.json" in FILES
    compiled, pure = run(TASUKI_PURE="0"), run(TASUKI_PURE="1")
    assert (compiled[0], pure[0]) == ("compiled", "python"), "built by make; needs a C compiler"
    assert compiled[1] == pure[1]


@pytest.mark.parametrize("flag", ["-O", "-OO"])
def test_size_checks_stay_without_asserts(flag: str) -> None:
    program = "import ext; ext.diff_tiles(bytes(4), bytes(4), 2, 2, 8, bytearray(1))"
    done = subprocess.run([sys.executable, flag, "-c", program], capture_output=True, text=True, check=False)
    assert "ValueError" in done.stderr
