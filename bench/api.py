"""The control plane against a bare FastAPI route that does one insert, both over real HTTP in processes of their own.

A session is signed, sealed, checked against policy and written down as an event; the bare route does none of it. The
database is SQLite with the same settings. Lists are read from a table of a thousand sessions and from one of a million.
"""

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from ulid import ULID

from bench import on_postgresql
from bench import sign_in as signing_in
from bench.load import Client, Request, in_turns
from bench.table import Table
from tests.e2e.stack import free_ports
from tools.demo import running, until_line

ROUNDS, BATCH = 15, 60
FEW, MANY, LISTED = 1_000, 1_000_000, 100
PASSWORD = "maple-river-lotus-haven-42"
BODY = {
    "mode": "control",
    "customer": {"name": "Hanako Yamada", "email": "hanako@example.jp"},
    "reference": {"system": "crm", "id": "4711"},
}


def environment(folder: Path, port: int, database: str = "", listen: int = 0) -> dict[str, str]:
    """Settings of one api, which may listen elsewhere than it says; without a database's address it is SQLite."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TASUKI_")}
    return kept | {
        "TASUKI_DATA_DIR": str(folder),
        "TASUKI_PUBLIC_URL": f"http://localhost:{port}",
        "TASUKI_API_LISTEN": f"127.0.0.1:{listen or port}",
        "TASUKI_RELAY_HEARTBEAT": "PT1H",
        "TASUKI_API_ADMIN_LISTEN": "127.0.0.1:0",
        "TASUKI_DATABASE_URL": database,
    }


def admin(folder: Path, port: int, *words: str, database: str = "") -> str:
    """`tasuki admin …`."""
    command = [sys.executable, "-m", "api.admin", *words]
    done = subprocess.run(command, env=environment(folder, port, database), check=True, capture_output=True, text=True)
    return done.stdout


@contextmanager
def our_api(folder: Path, port: int, database: str = "", processes: int = 1, listen: int = 0) -> Iterator[None]:
    """The api, ready."""
    command = [sys.executable, "-m", "api.main", "--processes", str(processes)]
    env = environment(folder, port, database, listen)
    with running(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        until_line(process, "tasuki api ready")
        yield


@contextmanager
def bare_api(folder: Path, port: int, database: str = "") -> Iterator[None]:
    """The bare route, ready."""
    url = database.replace("postgresql://", "postgresql+psycopg://") or f"sqlite+aiosqlite:///{folder}/bare.db"
    command = [sys.executable, "-W", "ignore", "-m", "bench.bare", str(port), url]
    with running(command, stderr=subprocess.DEVNULL):
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/", timeout=1)
            except httpx.TransportError:
                continue
            yield
            return


def installed(folder: Path, port: int, database: str = "") -> str:
    """An organisation with a signed-in administrator and a healthy relay; the access token."""

    init = ["init", "--company", "acme", "--login", "alice", "--name", "Alice", "--json"]
    made = json.loads(admin(folder, port, *init, database=database))
    file = folder / "relay.token"
    admin(folder, port, "relay", "add", "--url", "ws://localhost:1", "--out", str(file), database=database)
    with our_api(folder, port, database), httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
        body = {"username": "acme/alice", "password": made["password"], "new_password": PASSWORD}
        http.post("/v1/auth/password", json=body).raise_for_status()
        relay = {"Authorization": f"Bearer {file.read_text().strip()}"}
        register = {"public_url": "ws://localhost:1", "version": "1"}
        http.post("/v1/relays/register", json=register, headers=relay).raise_for_status()
        return sign_in(http)


def sign_in(http: httpx.Client) -> str:
    """A fresh access token."""
    form = {"username": "acme/alice", "password": PASSWORD}
    answer = http.post("/v1/auth/token", data=form)
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def operations(table: Table, folder: Path) -> None:
    """Create, join and end, each in turns with the bare insert."""
    port, other = free_ports(2)
    token = installed(folder, port)
    with our_api(folder, port), bare_api(folder, other):
        figures = asyncio.run(_operations(port, other, (("Authorization", f"Bearer {token}"),)))
    for name, goal, (ours, bare) in figures:
        table.at_least(f"session {name}, rate against one bare insert", 1 / ours, 1 / bare, goal, f"{ours:.2f} ms")


async def _operations(
    port: int, other: int, signed: tuple[tuple[str, str], ...]
) -> list[tuple[str, float, tuple[float, float]]]:
    insert = [Request("POST", "/notes", BODY)] * BATCH
    create = [Request("POST", "/v1/sessions", BODY, headers=signed)] * BATCH
    ours, bare = Client(port), Client(other)
    await in_turns(ours, bare, lambda _: create, insert, 2)
    mine, theirs, made = await in_turns(ours, bare, lambda _: create, insert, ROUNDS)
    figures = [("create", 0.35, (mine, theirs))]

    def join(number: int) -> list[Request]:
        return [Request("POST", "/v1/join", {"code": one["code"]}, 200) for one in _slice(made, number)]

    def end(number: int) -> list[Request]:
        return [Request("POST", f"/v1/sessions/{one['id']}/end", {}, 200, signed) for one in _slice(made, number)]

    mine, theirs, _ = await in_turns(ours, bare, join, insert, ROUNDS)
    figures.append(("join", 0.2, (mine, theirs)))
    mine, theirs, _ = await in_turns(ours, bare, end, insert, ROUNDS)
    figures.append(("end", 0.2, (mine, theirs)))
    return figures


def _slice(made: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    return made[number * BATCH : (number + 1) * BATCH]


def lists(table: Table, template: Path, folder: Path) -> None:
    """The newest 100 of a thousand and of a million sessions."""
    with ExitStack() as stack:
        ports = free_ports(2)
        tokens = []
        for port, count in zip(ports, (FEW, MANY), strict=True):
            place = folder / str(count)
            shutil.copytree(template, place)
            fill(place / "tasuki.db", count)
            stack.enter_context(our_api(place, port))
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
                tokens.append(sign_in(http))
        few, many = asyncio.run(_lists(ports, tokens))
    note = f"ms, {LISTED} sessions whole, with participants"
    table.at_most(f"list {LISTED} among {MANY:,} sessions against {FEW:,}", many, few, 2.0, note)


async def _lists(ports: list[int], tokens: list[str]) -> tuple[float, float]:
    few, many = (
        [Request("GET", f"/v1/sessions?limit={LISTED}", None, 200, (("Authorization", f"Bearer {token}"),))] * 8
        for token in tokens
    )
    small, large = Client(ports[0]), Client(ports[1])
    await in_turns(large, small, lambda _: many, few, 2)
    slow, fast, answers = await in_turns(large, small, lambda _: many, few, ROUNDS)
    assert all(len(answer["items"]) == LISTED for answer in answers)
    return fast, slow


def fill(file: Path, count: int) -> None:
    """So many ended sessions with two participants each, spread over ten months, which retention leaves alone.

    Nobody else has the file open, and a crash loses only the bench: no journal, and no index is kept up row by row.
    """
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-262144"):
            db.execute(f"PRAGMA {pragma}").fetchall()
        (first,) = db.execute("SELECT id FROM session ORDER BY id LIMIT 1").fetchone()
        session = _row(db, "session", "id", first)
        host, viewer = (
            _row(db, "participant", "id", one) for (one,) in db.execute("SELECT id FROM participant LIMIT 2")
        )
        indexes = db.execute(
            "SELECT name, sql FROM sqlite_master"
            " WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('session', 'participant')"
        ).fetchall()
        step = timedelta(days=300) / count
        oldest = datetime.now(UTC) - timedelta(days=301)
        moments = [oldest + step * number for number in range(count)]
        made = [_id("ses", moment) for moment in moments]
        db.execute("BEGIN")
        for name, _ in indexes:
            db.execute(f"DROP INDEX {name}")
        db.executemany(_insert("session", session), map(partial(_session, session), moments, made))
        for sender, participant in ((1, host), (2, viewer)):
            rows = map(partial(_participant, participant, sender), moments, made)
            db.executemany(_insert("participant", participant), rows)
        for _, sql in indexes:
            db.execute(sql)
        db.execute("ANALYZE")
        db.execute("COMMIT")
        db.execute("PRAGMA journal_mode=WAL").fetchall()


def _row(db: sqlite3.Connection, table: str, key: str, value: str) -> dict[str, Any]:
    cursor = db.execute(f"SELECT * FROM {table} WHERE {key} = ?", (value,))
    return dict(zip((column[0] for column in cursor.description), cursor.fetchone(), strict=True))


def _insert(table: str, row: dict[str, Any]) -> str:
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(':' + name for name in row)})"


def _id(kind: str, moment: datetime) -> str:
    return f"{kind}_{ULID.from_datetime(moment)}"


def _session(row: dict[str, Any], moment: datetime, made: str) -> dict[str, Any]:
    plain = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    times = dict.fromkeys(("created_at", "code_expires_at", "claimed_at", "started_at", "ended_at"), plain)
    return row | times | {"id": made, "state": "ended", "customer_sealed": None, "reason": "ended"}


def _participant(row: dict[str, Any], sender: int, moment: datetime, session_id: str) -> dict[str, Any]:
    return row | {"id": _id("par", moment), "session_id": session_id, "sender": sender}


def main() -> int:
    """Print the table; 0 when every goal holds."""
    from bench import audit, reports  # which are built on this module

    table = Table("api")
    with tempfile.TemporaryDirectory(prefix="tasuki-bench-") as place:
        folder = Path(place)
        operations(table, folder / "api")
        signing_in.cost(table, folder / "api", free_ports(1)[0], our_api, PASSWORD)
        lists(table, folder / "api", folder)
        audit.rows(table, folder / "api", folder / "audit")
        reports.rows(table, folder / "reports")
        on_postgresql.rows(table, folder / "postgresql")
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
