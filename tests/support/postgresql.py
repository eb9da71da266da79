"""A throw-away PostgreSQL cluster, reached by a socket file only, and databases in it that are copies of one another."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

USER = "tasuki"
LOCALE = ["--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"]
LIGHT = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
"""For tests: nothing of it needs to outlive the machine. A process that is killed loses nothing of what was committed."""


@dataclass(frozen=True)
class Cluster:
    """A running server."""

    socket: Path

    def url(self, database: str) -> str:
        """As TASUKI_DATABASE_URL has it."""
        return f"postgresql://{USER}@/{database}?host={self.socket}"

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Each in a transaction of its own."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def create(self, database: str, template: str = "template0") -> str:
        """A new database; the address of it. Nobody may be connected to the template."""
        self.run(f"CREATE DATABASE {database} TEMPLATE {template}")
        return self.url(database)

    def drop(self, database: str) -> None:
        """Whoever is connected is cut off."""
        self.run(f"DROP DATABASE {database} WITH (FORCE)")


def programs() -> Path | None:
    """Where initdb and postgres are, if they are installed."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "initdb").exists()), None)


@contextmanager
def cluster(**settings: str) -> Iterator[Cluster]:
    """A server with these settings of postgresql.conf, ready; FileNotFoundError when PostgreSQL is not installed.

    The server refuses to run as root; then it runs as `nobody`.
    """
    folder = programs()
    if folder is None:
        raise FileNotFoundError("PostgreSQL is not installed here (Debian: apt-get install postgresql)")
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="tasuki-pg-") as place:
        if account:
            os.chown(place, account.pw_uid, account.pw_gid)
        who: dict[str, Any] = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
        data = f"{place}/data"
        initdb = [str(folder / "initdb"), "-D", data, "-U", USER, *LOCALE]
        subprocess.run(initdb, check=True, capture_output=True, cwd=place, **who)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        server = subprocess.Popen(
            [folder / "postgres", "-D", data, "-k", place, "-h", "", *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=place, text=True, **who,
        )  # fmt: skip
        assert server.stderr is not None
        try:
            for line in server.stderr:
                if "ready to accept connections" in line:
                    break
            yield Cluster(Path(place))
        finally:
            server.terminate()
            server.wait(20)
            server.stderr.close()
