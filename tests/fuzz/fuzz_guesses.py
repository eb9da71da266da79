"""A million guesses of session codes by one botnet after another, each drawn anew: the budgets hold for weeks."""

import asyncio
import secrets
import time

from tests.unit.api.test_join_budgets import botnet

GUESSES = 1_000_000


def fuzz(seconds: float) -> None:
    """At least one whole botnet."""
    deadline = time.monotonic() + seconds
    while True:
        seed = secrets.randbits(32)
        print(f"botnet {seed}", flush=True)
        asyncio.run(botnet(seed, GUESSES))
        if time.monotonic() > deadline:
            return
