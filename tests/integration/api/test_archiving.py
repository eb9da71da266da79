"""Continuous archiving as docs/operation.md has it: PostgreSQL is killed, its data directory is lost, the archive brings
back what was committed before the newest segment was copied."""

import os
import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api import admin
from tests.support import postgresql
from tests.support.postgresql import USER, Cluster

CONFIGURATION = Path(__file__).parents[3] / "deploy/postgresql/archiving.conf"
FOLDER = "/var/backups/postgresql/wal"


def settings(archive: Path) -> dict[str, str]:
    """Those of deploy/, with another folder, and a second in place of five minutes."""
    lines = CONFIGURATION.read_text().replace(FOLDER, str(archive))
    found = {name: value.strip("'") for name, value in re.findall(r"^(\w+) = (.+)$", lines, re.MULTILINE)}
    assert found["archive_timeout"] == "5min"
    return found | {"archive_timeout": "1s", "fsync": "off"}  # what is killed is the server, not the machine


@pytest.fixture
def archive() -> Iterator[Path]:
    """Where the server, which may run as somebody else, can write: pytest's own folders are ours alone."""
    with tempfile.TemporaryDirectory(prefix="tasuki-archive-") as name:
        if account := postgresql.account():
            os.chown(name, account.pw_uid, account.pw_gid)
        yield Path(name)


async def command(*words: str) -> dict[str, Any]:
    return await admin.run(admin.parse([*words, "--json"]))


async def test_after_kill_and_loss_everything_up_to_the_last_segment_is_there(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASUKI_DATA_DIR", str(tmp_path / "data"))
    base = archive / "base"
    with postgresql.cluster(**settings(archive)) as cluster:
        monkeypatch.setenv("TASUKI_DATABASE_URL", cluster.create("tasuki"))
        await command("init", "--company", "before", "--login", "alice")
        postgresql.run("pg_basebackup", f"--pgdata={base}", "--checkpoint=fast", "-h", str(cluster.socket), "-U", USER)
        await command("init", "--company", "after", "--login", "bob")
        wait_until_copied(cluster)
        await command("init", "--company", "too-late", "--login", "eve")
        kill(cluster)
    assert not cluster.socket.exists(), "the data directory is lost"
    (base / "recovery.signal").touch()
    with (base / "postgresql.auto.conf").open("a") as written:
        written.write(f"restore_command = 'cp {archive}/%f %p'\n")
    with postgresql.cluster(base) as cluster:
        monkeypatch.setenv("TASUKI_DATABASE_URL", cluster.url("tasuki"))
        companies = {row["company"] for row in (await command("organization", "list"))["organizations"]}
        assert {"before", "after"} <= companies
        assert (await command("check"))["organizations"] == len(companies)


def wait_until_copied(cluster: Cluster) -> None:
    """Until everything that is committed now is in the archive; `archive_timeout` alone sees to it."""
    with psycopg.connect(cluster.url("tasuki"), autocommit=True) as connection:
        (segment,) = connection.execute("SELECT pg_walfile_name(pg_current_wal_insert_lsn())").fetchone() or ("",)
        copied = ""
        while copied < segment:  # the test's own time-out ends it
            row = connection.execute(
                "SELECT coalesce(last_archived_wal, ''), pg_sleep(0.1) FROM pg_stat_archiver"
            ).fetchone()
            copied = row[0] if row and re.fullmatch("[0-9A-F]{24}", row[0]) else copied


def kill(cluster: Cluster) -> None:
    """As if the machine went away."""
    pid = int((cluster.socket / "data" / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for process in (pid, *map(int, children)):
        os.kill(process, signal.SIGKILL)
