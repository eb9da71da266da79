"""PostgreSQL's own `pg_dump` and `pg_restore`: the only programs that any part of the api starts, and none by a request."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.engine import make_url

from api.backup.failures import BackupFailed

LOCK_SECONDS = 60
"""How long a dump waits for a migration that holds a table."""


@contextmanager
def dump(url: str) -> Iterator[BinaryIO]:
    """A consistent dump of the whole database (custom format, compressed), as a stream; the service goes on meanwhile."""
    arguments = ["--format=custom", "--no-owner", "--no-privileges", f"--lock-wait-timeout={LOCK_SECONDS}s"]
    with _running("pg_dump", [*arguments, f"--dbname={_address(url)}"], url, stdout=subprocess.PIPE) as stream:
        assert stream is not None
        yield stream


def load(url: str, file: Path) -> None:
    """Everything in one transaction: all of it is there afterwards, or nothing."""
    arguments = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
    with _running("pg_restore", [*arguments, f"--dbname={_address(url)}", str(file)], url):
        pass


def read_through(file: Path) -> None:
    """Take a dump apart to its end; BackupFailed when it cannot be."""
    with _running("pg_restore", ["--file=/dev/null", str(file)], ""):
        pass


def revision(file: Path) -> str | None:
    """The schema of a dump."""
    arguments = ["--data-only", "--table=alembic_version", "--file=-", str(file)]
    with _running("pg_restore", arguments, "", stdout=subprocess.PIPE) as stream:
        assert stream is not None
        lines = stream.read().decode().splitlines()
    start = next((number for number, line in enumerate(lines) if line.startswith("COPY ")), None)
    return None if start is None else lines[start + 1].strip()


@contextmanager
def _running(
    program: str, arguments: list[str], url: str, stdout: int = subprocess.DEVNULL
) -> Iterator[BinaryIO | None]:
    """The password travels in the environment, which others on the machine cannot see, as arguments are."""
    password = make_url(url).password if url else None
    environment = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(  # noqa: S603 - a fixed program, no shell
                [program, *arguments], stdin=subprocess.DEVNULL, stdout=stdout, stderr=said, env=environment
            )
        except FileNotFoundError as error:
            raise BackupFailed(
                f"{program} is not installed: it comes with PostgreSQL's client (Debian: apt install postgresql-client),"
                " of the server's version or newer"
            ) from error
        try:
            yield process.stdout  # type: ignore[misc]  # bytes, since no encoding is given
        except BaseException:
            process.kill()
            raise
        finally:
            if process.stdout is not None:
                process.stdout.close()
            code = process.wait()
        if code != 0:
            said.seek(0)
            raise BackupFailed(f"{program} failed: {_first(said.read().decode(errors='replace'))}")


def _address(url: str) -> str:
    """What libpq understands, without the password."""
    return make_url(url).set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _first(text: str) -> str:
    """What it said first, which is the cause of the rest."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if lines else "it did not say why"
