"""The whole api by its OpenAPI document: every operation in turn, with and without a token, with other requests in each round."""

import asyncio
import logging
import os
import secrets
import tempfile
import time
from pathlib import Path

import structlog

from tests.fuzz.cases import operations, served, try_operation
from tests.integration.api.conftest import install

EXAMPLES = 20


def fuzz(seconds: float) -> None:
    """Rounds until the time is over; the seed of a finding is printed with it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    ends = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="tasuki-fuzz-") as name:
        os.environ["TASUKI_DATA_DIR"] = name
        installation = asyncio.run(install(Path(name)))
        sent = rounds = 0
        with served(installation) as app:
            while time.monotonic() < ends:
                rounds += 1
                for operation_id, operation in operations().items():
                    if time.monotonic() >= ends:
                        break
                    for token in (True, False):
                        seed = secrets.randbits(32)
                        try:
                            sent += try_operation(app, operation, token=token, examples=EXAMPLES, seed=seed)
                        except BaseException:
                            print(f"{operation_id}, token={token}, seed={seed}")
                            raise
        print(f"{sent} requests in {rounds} rounds")
