"""One running product per worker."""

from collections.abc import Iterator

import pytest

from tests.e2e.stack import Stack, run_stack
from tests.fixtures.xvfb import Xvfb, run_xvfb, xvfb

__all__ = ["desktop", "stack", "xvfb"]


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    with run_stack() as running:
        yield running


@pytest.fixture(scope="session")
def desktop() -> Iterator[Xvfb]:
    """The customer's desktop."""
    with run_xvfb(1024, 700) as server:
        yield server
