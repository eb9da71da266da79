"""The history as CSV against what the database's own tool takes for the same rows: `sqlite3 -csv`, and PostgreSQL's COPY.

REPORT_ROWS sessions (50,000; a million for the goal), two participants each, read over HTTP from a real process, whose memory
is watched. What was sealed is left out on both sides: no dump opens it.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg

from bench.api import PASSWORD, environment, sign_in
from bench.history import fill, resident, statements
from bench.table import Table, in_turns
from tests.e2e.stack import free_ports
from tests.support import postgresql
from tools.demo import running, until_line

ROWS = int(os.environ.get("REPORT_ROWS", "50000"))
ROUNDS = 3
GOAL = 2.0
FLAT_BYTES = 32 << 20
"""More than this no report may take, however long it is."""
SELECT = """
SELECT s.id, s.state, s.mode, s.operator_id, o.name, s.created_by, s.queued, s.recording, s.reference_system, s.reference_id,
 s.device_id, s.device_name, s.created_at, s.claimed_at, s.started_at, s.ended_at, s.ended_by, s.reason, h.bytes_in,
 (SELECT sum(bytes_in) FROM participant p WHERE p.session_id = s.id AND p.sender > 1),
 (SELECT count(*) FROM participant p WHERE p.session_id = s.id),
 c.joined_at, c.left_at, c.seconds, v.joined_at, v.left_at, v.seconds
FROM session s LEFT JOIN operator o ON o.id = s.operator_id
LEFT JOIN participant h ON h.session_id = s.id AND h.sender = 1
LEFT JOIN participant c ON c.session_id = s.id AND c.sender = 1
LEFT JOIN participant v ON v.session_id = s.id AND v.operator_id = s.operator_id AND v.removed_at IS NULL
ORDER BY s.created_at DESC, s.id DESC
"""
"""The columns of the report, as they are stored."""


class Place:
    """An installation on one of the two databases."""

    def __init__(self, folder: Path, url: str | None) -> None:
        self.folder, self.url, (self.port,) = folder, url, free_ports(1)
        self.env = environment(folder, self.port) | ({"TASUKI_DATABASE_URL": url} if url else {})

    def admin(self, *words: str) -> str:
        """`tasuki admin …`."""
        command = [sys.executable, "-m", "api.admin", *words]
        return subprocess.run(command, env=self.env, check=True, capture_output=True, text=True).stdout

    @contextmanager
    def serving(self) -> Iterator[tuple[int, httpx.Client]]:
        """The process, ready: its id, and a client of it."""
        command = [sys.executable, "-m", "api.main"]
        with running(command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            until_line(process, "tasuki api ready")
            with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=120) as http:
                yield process.pid, http

    def install(self) -> str:
        """An administrator, and one session that has been; its id."""
        made = json.loads(self.admin("init", "--company", "acme", "--login", "alice", "--name", "Alice", "--json"))
        file = self.folder / "relay.token"
        self.admin("relay", "add", "--url", "ws://localhost:1", "--out", str(file))
        with self.serving() as (_, http):
            body = {"username": "acme/alice", "password": made["password"], "new_password": PASSWORD}
            http.post("/v1/auth/password", json=body).raise_for_status()
            relay = {"Authorization": f"Bearer {file.read_text().strip()}"}
            known = {"public_url": "ws://localhost:1", "version": "1"}
            http.post("/v1/relays/register", json=known, headers=relay).raise_for_status()
            http.headers["Authorization"] = f"Bearer {sign_in(http)}"
            wanted = {"mode": "control", "reference": {"system": "crm", "id": "4711"}}
            session = http.post("/v1/sessions", json=wanted).raise_for_status().json()
            http.post("/v1/join", json={"code": session["code"]}).raise_for_status()
            http.post(f"/v1/sessions/{session['id']}/ticket").raise_for_status()
            http.post(f"/v1/sessions/{session['id']}/end", json={"reason": "solved"}).raise_for_status()
            return str(session["id"])

    def fill(self, session_id: str) -> None:
        """ROWS more like it."""
        if self.url is None:
            fill(self.folder / "tasuki.db", session_id, ROWS)
            return
        with psycopg.connect(self.url, autocommit=True) as db:
            names = (
                "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
            )
            columns: dict[str, Sequence[str]] = {
                table: [row[0] for row in db.execute(names, (table,))] for table in ("session", "participant")
            }  # fmt: skip
            first = db.execute("SELECT now() - %s * interval '20 seconds'", (ROWS,)).fetchone()
            assert first is not None
            for statement in statements(columns, session_id, ROWS, first[0], sealed=False, postgresql=True):
                db.execute(statement.encode())
            db.execute("VACUUM ANALYZE")

    def dump(self) -> None:
        """The database's own way to the same rows."""
        if self.url is None:
            command = ["sqlite3", "-readonly", "-csv", str(self.folder / "tasuki.db"), SELECT]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            return
        copied = f"COPY ({SELECT}) TO STDOUT WITH (FORMAT csv)".encode()
        with psycopg.connect(self.url) as db, db.cursor() as cursor, cursor.copy(copied) as copy:
            for _ in copy:
                pass


def read(port: int, token: str) -> int:
    """A whole report, thrown away; its bytes. By a bare socket, so that the reader costs next to nothing."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        lines = ("GET /v1/reports/sessions?format=csv HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}")
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        received, buffer = 0, bytearray(1 << 20)
        while count := connection.recv_into(buffer):
            received += count
        return received


@contextmanager
def watched(pid: int) -> Iterator[list[int]]:
    """The most memory that a process has meanwhile, looked at ten times a second; in the list when it is over."""
    found, done = [resident(pid)], threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            found[0] = max(found[0], resident(pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        done.set()
        thread.join()


def report(table: Table, place: Place, other: str) -> None:
    """One database."""
    place.fill(place.install())
    with place.serving() as (pid, http):
        token = sign_in(http)
        least = ROWS * 200
        if read(place.port, token) < least:
            raise SystemExit("the report is not whole")
        before = resident(pid)
        with watched(pid) as most:
            ours, theirs = in_turns(lambda: read(place.port, token), place.dump, ROUNDS)
    grown = max(most[0] - before, 0)
    rate = ROWS / ours * 1e3
    note = f"ms; {rate:,.0f} rows/s, {before >> 20} MiB resident"
    table.at_most(f"CSV of {ROWS:,} sessions against {other}", ours, theirs, GOAL, note)
    table.at_most(
        f"its memory, beside {other}", grown / 2**20, FLAT_BYTES / 2**20, 1.0, "MiB more than before, at most"
    )


def rows(table: Table, folder: Path) -> None:
    """Both."""
    report(table, Place(folder / "on-sqlite", None), "sqlite3 -csv")
    with postgresql.cluster(shared_buffers="256MB") as cluster:
        report(table, Place(folder / "on-postgresql", cluster.create("history")), "COPY")


def main() -> int:
    """Only these rows."""
    table = Table("reports")
    with tempfile.TemporaryDirectory(prefix="tasuki-bench-") as place:
        rows(table, Path(place))
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
