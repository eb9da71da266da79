"""A copy of an SQLite database, made while others write to it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from api.backup.failures import BackupFailed

MAGIC = b"SQLite format 3\x00"


def take(database: Path, copy: Path) -> None:
    """All that was committed when it began, as one file.

    VACUUM INTO and not the backup interface: both read one snapshot and let writers go on, but this one leaves out the free
    pages, in which deleted rows would go along (https://www.sqlite.org/lang_vacuum.html#vacuuminto).
    """
    if not database.exists():
        raise BackupFailed(f"there is no database at {database}; is TASUKI_DATA_DIR the server's?")
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=rw", uri=True, timeout=60)) as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))
    except sqlite3.Error as error:
        raise BackupFailed(f"the database cannot be copied to {copy.parent}: {error}") from error


def check(database: Path) -> None:
    """Read every page, and follow every reference; BackupFailed says what is wrong."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True)) as connection:
            said = [row[0] for row in connection.execute("PRAGMA integrity_check(1)")]
            dangling = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.Error as error:
        raise BackupFailed(f"the database in it is damaged: {error}") from error
    if said != ["ok"]:
        raise BackupFailed(f"the database in it is damaged: {said[0]}")
    if dangling:
        raise BackupFailed(f"the database in it is damaged: a row of {dangling[0]} refers to nothing")


def revision(database: Path) -> str | None:
    """The schema of a database."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        return None
    return None if row is None else str(row[0])
