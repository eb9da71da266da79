"""Many ended sessions in a database, made by the database itself from one that really was: for benches and tests of reports."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

EVERY = timedelta(seconds=20)
"""A million of them is the history of 231 days, which no default retention takes away meanwhile."""
TIMES = ("created_at", "code_expires_at", "claimed_at", "started_at", "ended_at")
SEALED = (
    "customer_sealed",
    "purpose_sealed",
    "metadata_sealed",
    "closing_reason_sealed",
    "reason_sealed",
    "note_sealed",
)
_NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) "


def statements(
    columns: dict[str, Sequence[str]], session_id: str, count: int, first: datetime, *, sealed: bool, postgresql: bool
) -> Iterable[str]:
    """SQL that copies a session and its participants `count` times, from `first` on; `columns` of both tables."""
    number = "lpad(n::text, 26, '0')" if postgresql else "printf('%026d', n)"
    time = (
        f"timestamptz '{first:%F %T}+00' + n * interval '{EVERY.seconds} seconds'" if postgresql
        else f"strftime('%Y-%m-%d %H:%M:%S.000000', '{first:%F %T}', (n * {EVERY.seconds}) || ' seconds')"
    )  # fmt: skip
    session: dict[str, str] = {
        "id": f"'ses_' || {number}",
        "state": "'ended'",
        "ended_by": "'operator'",
        "reason": "'solved'",
    }
    session |= dict.fromkeys(TIMES, time)
    if not sealed:
        session |= dict.fromkeys(SEALED, "NULL")
    numbers = _NUMBERS.format(count=count)
    yield numbers + _copy("session", columns["session"], session, f"session.id = '{session_id}'")
    participant = {"id": f"'par_' || sender || substr({number}, 2)", "session_id": f"'ses_' || {number}"}
    if not sealed:
        participant["client_sealed"] = "NULL"
    yield numbers + _copy(
        "participant", columns["participant"], participant, f"participant.session_id = '{session_id}'"
    )


def _copy(table: str, columns: Sequence[str], changed: dict[str, str], where: str) -> str:
    values = ", ".join(changed.get(column, f'{table}."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM {table}, numbers WHERE {where}"


def fill(file: Path, session_id: str, count: int, *, sealed: bool = False) -> datetime:
    """An SQLite database that nobody else has open; a crash would lose it. The time before the first, which end now."""
    first = datetime.now(UTC).replace(microsecond=0) - count * EVERY
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-262144"):
            db.execute(f"PRAGMA {pragma}").fetchall()
        columns: dict[str, Sequence[str]] = {
            table: [row[1] for row in db.execute(f"PRAGMA table_info({table})")] for table in ("session", "participant")
        }
        db.execute("BEGIN")
        for statement in statements(columns, session_id, count, first, sealed=sealed, postgresql=False):
            db.execute(statement)
        db.execute("ANALYZE")
        db.execute("COMMIT")
        db.execute("PRAGMA journal_mode=WAL").fetchall()
    return first


def resident(pid: int, name: str = "VmRSS") -> int:
    """Bytes of memory that a process has at this moment; `VmHWM` for the most it had."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"/proc/{pid}/status has no {name}")
