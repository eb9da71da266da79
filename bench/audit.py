"""What the provable log costs: an audited write against the same write without audit, and verifying an export against bare
SHA-256 of the same rows, in a process of its own whose memory is watched.

AUDIT_LINES lines (100,000; a million for the goal), a checkpoint after each thousand.
"""

import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from bench.api import environment, installed, our_api, sign_in
from bench.load import Client, Request, in_turns
from bench.table import Table
from tests.e2e.stack import free_ports
from tools.demo import running, until_line
from wire.merkle import Frontier, leaf_hash
from wire.tokens import SigningKey, canonical
from wire.trail import form
from wire.trail.form import Row
from wire.trail.signed import Checkpoint
from wire.trail.verifier import Verifier

LINES = int(os.environ.get("AUDIT_LINES", "100000"))
ROUNDS, BATCH = 25, 40
RATE_GOAL = 100_000
BARE_GOAL = 0.05
"""Bare SHA-256 of such rows is about two million a second on one core of 2024."""
FLAT_BYTES = 16 << 20
EVERY = 1000
START = datetime(2026, 1, 1, tzinfo=UTC)


# ---- an audited write


@contextmanager
def unaudited_api(env: dict[str, str]) -> Iterator[None]:
    """The same api, but nothing is written into its log."""
    command = [sys.executable, "-m", "bench.audit", "unaudited"]
    with running(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        until_line(process, "tasuki api ready")
        yield


def unaudited() -> int:
    """Start the api without its log."""
    from api import audit, main
    from api.audit import service

    def nothing(*_: Any, **__: Any) -> None:
        return

    audit.record = service.record = nothing  # by whichever name it is called
    del sys.argv[1:]  # what is left is the api's
    return main.main()


async def writes(ours: int, other: int, tokens: tuple[str, str]) -> tuple[float, float]:
    """Milliseconds of one change of a policy's name, with and without a line in the log."""
    clients = Client(ours), Client(other)
    made = []
    for client, token in zip(clients, tokens, strict=True):
        signed = (("Authorization", f"Bearer {token}"),)
        body = {"name": "Night", "members": {"modes": ["view"]}}
        _, answers = await client.timed([Request("POST", "/v1/policies", body, 201, signed)])
        path = f"/v1/policies/{answers[0]['id']}"
        made.append([Request("PATCH", path, {"name": f"Night {number}"}, 200, signed) for number in range(BATCH)])
    await in_turns(*clients, lambda _: made[0], made[1], 3)
    audited, bare, _ = await in_turns(*clients, lambda _: made[0], made[1], ROUNDS)
    return audited, bare


def writing(table: Table, template: Path, folder: Path) -> None:
    """The row about writing, from copies of an installation."""
    ports, tokens = free_ports(2), []
    places = [folder / name for name in ("audited", "unaudited")]
    for place in places:
        shutil.copytree(template, place)
    with our_api(places[0], ports[0]), unaudited_api(environment(places[1], ports[1])):
        for port in ports:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
                tokens.append(sign_in(http))
        audited, bare = asyncio.run(writes(ports[0], ports[1], (tokens[0], tokens[1])))
    table.at_most("audited write against the same write without audit", audited, bare, 1.2, "ms, PATCH of a policy")


# ---- verifying


def write_log(path: Path, lines: int) -> None:
    """An export as the server writes it."""
    key, tree = SigningKey.generate(), Frontier()
    names = {"id": "org_01KAH2V5QJ6T8N3W9XZB4C7D0E", "code": "acme", "name": "Acme"}
    about = {"actor_name": "Alice Example", "address": "192.0.2.7", "data": {"changed": {"name": "Night shift"}}}
    salt, details = bytes(form.SALT_BYTES), canonical(about)
    digest = form.details_digest(salt, details)
    with path.open("wb") as file:
        file.write(form.header_row(names, "https://support.example.com", {"keys": [key.public_jwk]}, START, lines))
        for number in range(lines):
            moment = START + timedelta(seconds=number)
            columns = {
                "action": "policy.changed",
                "actor_id": "opr_01KAH2V5QJ6T8N3W9XZB4C7D0E",
                "actor_type": "operator",
                "id": f"evt_01KAH{number:021}",
                "organization_id": names["id"],
                "target_id": f"pol_01KAH{number % 97:021}",
                "target_type": "policy",
            }
            line = form.line_bytes(columns, moment, digest)
            leaf = leaf_hash(line)
            tree.append(leaf)
            file.write(form.row(Row(leaf, number, line, salt, details)))
            if tree.size % EVERY == 0 or tree.size == lines:
                written = form.written(moment)
                root = tree.root()
                checkpoint = Checkpoint("https://support.example.com", names["id"], tree.size, root, written)
                file.write(form.checkpoint_row(checkpoint.signed(key), tree.nodes))
        file.write(form.end_row(lines))


def measured(path: Path) -> dict[str, float]:
    """In this process: processor seconds of both over the same file, and what verifying took of memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    verifier, start = Verifier(), time.process_time()
    with path.open("rb") as file:
        for line in file:
            verifier.feed(line)
    verdict = verifier.finish()
    ours = time.process_time() - start
    if verdict.fault_count:
        raise AssertionError(verdict.faults[0])
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    start = time.process_time()
    with path.open("rb") as file:
        for line in file:
            sha256(line).digest()
    return {"ours": ours, "bare": time.process_time() - start, "grown": grown, "lines": verdict.lines}


def verifying(table: Table, folder: Path) -> None:
    """The rows about verifying."""
    path = folder / "log.jsonl"
    write_log(path, LINES)
    command = [sys.executable, "-m", "bench.audit", "measure", str(path)]
    runs = [json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(3)]
    best = min(runs, key=lambda run: float(run["ours"]))
    rate, bare = best["lines"] / best["ours"], best["lines"] / best["bare"]
    note = f"rows/s of processor time, {LINES:,} lines, {path.stat().st_size >> 20} MiB"
    table.at_least("verify a log, rate against bare SHA-256 of its rows", rate, bare, BARE_GOAL, note)
    table.at_least(f"verify a log, rate against {RATE_GOAL:,} rows/s", rate, RATE_GOAL, 1.0, note)
    grown = max(run["grown"] for run in runs)
    table.at_most("verify a log, memory it takes", grown / 2**20, FLAT_BYTES / 2**20, 1.0, "MiB, however long the log")


def rows(table: Table, template: Path, folder: Path) -> None:
    """All rows; `template` is the folder of an installation that is not running."""
    folder.mkdir()
    writing(table, template, folder)
    verifying(table, folder)


def main() -> int:
    """By itself: only these rows. `make bench-api` prints them with the others."""
    if sys.argv[1:2] == ["unaudited"]:
        return unaudited()
    if sys.argv[1:2] == ["measure"]:
        print(json.dumps(measured(Path(sys.argv[2]))))
        return 0
    table = Table("audit")
    with tempfile.TemporaryDirectory(prefix="tasuki-bench-") as place:
        installed(Path(place) / "api", free_ports(1)[0])
        rows(table, Path(place) / "api", Path(place) / "audit")
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
