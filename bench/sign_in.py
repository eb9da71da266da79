"""What a sign-in costs: one argon2id and next to nothing else, for a right password as for an account that is not there."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path

import httpx
from argon2 import PasswordHasher

from api.auth.passwords import LANES, MEMORY_KIB, PASSES
from bench.table import Table, in_turns

ROUNDS = 20
"""Fewer than the failures that one address has."""
GOAL = 1.2


def cost(
    table: Table, folder: Path, port: int, api: Callable[[Path, int], AbstractContextManager[None]], password: str
) -> None:
    """Both rows, each sign-in over real HTTP in turns with a bare argon2id of the same size in this process."""
    hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
    stored = hasher.hash(password)
    with api(folder, port), httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:

        def sign_in(username: str, status: int) -> None:
            answer = http.post("/v1/auth/token", data={"username": username, "password": password})
            assert answer.status_code == status, answer.text

        strangers = count()
        rows: list[tuple[str, Callable[[], None]]] = [
            ("sign in with the right password", lambda: sign_in("acme/alice", 200)),
            ("sign in to an account that is not there", lambda: sign_in(f"acme/nobody{next(strangers)}", 401)),
        ]
        for what, work in rows:
            work()
            ours, bare = in_turns(work, lambda: hasher.verify(stored, password), ROUNDS)
            table.at_most(f"{what} against one argon2id", ours, bare, GOAL, "ms, 64 MiB and three passes")
