"""One running product per file of tests."""

from collections.abc import Iterator

import pytest

from tests.e2e.stack import Stack, run_stack
from tests.fixtures.xvfb import Xvfb, run_xvfb, xvfb

__all__ = ["desktop", "stack", "xvfb"]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A product of its own for each file: wrong codes of one must not use up the tries of another."""
    with run_stack() as running:
        yield running


@pytest.fixture(scope="session")
def desktop() -> Iterator[Xvfb]:
    """The customer's desktop."""
    with run_xvfb(1024, 700) as server:
        yield server
