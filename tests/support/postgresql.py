"""A throw-away PostgreSQL cluster, reached by a socket file only, and databases in it that are copies of one another."""

import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

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


def account() -> pwd.struct_passwd | None:
    """Whom the server runs as; None: whoever we are. It refuses to run as root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _who() -> dict[str, Any]:
    nobody = account()
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []} if nobody else {}


def run(program: str, *arguments: str) -> None:
    """One of PostgreSQL's programs, as whom the server runs as; FileNotFoundError when it is not installed."""
    folder = programs()
    if folder is None:
        raise FileNotFoundError("PostgreSQL is not installed here (Debian: apt-get install postgresql)")
    subprocess.run([str(folder / program), *arguments], check=True, capture_output=True, cwd="/", **_who())


@contextmanager
def cluster(data: Path | None = None, /, **settings: str) -> Iterator[Cluster]:
    """A server with these settings of postgresql.conf, ready; FileNotFoundError when PostgreSQL is not installed.

    With `data` it is one that is there already.
    """
    nobody = account()
    with tempfile.TemporaryDirectory(prefix="tasuki-pg-") as place:
        if nobody:
            os.chown(place, nobody.pw_uid, nobody.pw_gid)
        if data is None:
            data = Path(place, "data")
            run("initdb", "-D", str(data), "-U", USER, *LOCALE)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        server = subprocess.Popen(
            [str((programs() or Path()) / "postgres"), "-D", str(data), "-k", place, "-h", "", *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=place, text=True, **_who(),
        )  # fmt: skip
        assert server.stderr is not None
        try:
            for line in server.stderr:
                if "ready to accept connections" in line:
                    break
            reader = threading.Thread(target=_read_on, args=(server.stderr,), daemon=True)
            reader.start()
            yield Cluster(Path(place))
        finally:
            server.terminate()
            server.wait(20)
            server.stderr.close()


def _read_on(log: IO[str]) -> None:
    """A server whose log nobody reads stops at a full pipe: its checkpoints, and everybody who waits for one."""
    with suppress(ValueError):  # closed
        for _line in log:
            pass
