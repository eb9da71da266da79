"""Brings the database to the newest schema when the api starts. Alembic is only loaded when there is something to do."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import inspect
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api.db import INSTALLATION_LOCK, MIGRATION

LOCK_TIMEOUT = "5s"
"""How long a step of a migration waits for others to let go of a table. Whoever wants that table then waits behind it, so this is
how long a blocked migration can hold up a service that runs."""
STATEMENT_TIMEOUT = "15min"
"""Of one step, which may have a large table to go through."""
REST_SECONDS = (1.0, 3.0, 9.0, 27.0)
"""Between two tries, for those who were held up."""
GAVE_UP = "55P03"
"""SQLSTATE: a lock did not come in time."""

log = structlog.get_logger()


class MigrationBlocked(Exception):
    """Others hold tables for so long that the database was left as it was."""


async def migrate(engine: AsyncEngine) -> None:
    """Apply what is missing, in one transaction. Of several api processes that start together, one does it.

    MigrationBlocked when others did not let go of a table at any of the tries: each is undone as a whole.
    """
    async with engine.connect() as connection:
        if await connection.run_sync(_current) == MIGRATION:
            return
    for rest in (*REST_SECONDS, None):
        try:
            await _apply(engine)
            return
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != GAVE_UP:
                raise
            log.warning("api.migration_blocked", again_in_seconds=rest)
            if rest is None:
                raise MigrationBlocked(
                    "the database could not be brought up to date: somebody else holds its tables (a backup, a long"
                    f" transaction). Nothing was changed after {len(REST_SECONDS) + 1} tries; end what"
                    " pg_stat_activity shows, then start again"
                ) from error
        await asyncio.sleep(rest)


async def _apply(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execution_options(tasuki_write=True)
        async with references_unchecked(connection):
            if connection.dialect.name == "postgresql":
                await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({INSTALLATION_LOCK})")
            await connection.run_sync(_upgrade)
            await connection.commit()


@asynccontextmanager
async def references_unchecked(connection: AsyncConnection) -> AsyncIterator[None]:
    """SQLite changes a column by making the table anew, during which what refers to it refers to nothing.

    So foreign keys are not enforced meanwhile (https://www.sqlite.org/lang_altertable.html, 7); nothing is committed here.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        await connection.rollback()
        await driver.execute("PRAGMA foreign_keys=ON")


def migrations_folder() -> Path:
    """In a source checkout beside `api`, else where the wheel puts data files."""
    for folder in (Path(__file__).parent.parent / "migrations", Path(sys.prefix) / "share" / "tasuki" / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise FileNotFoundError("the migrations are not installed; install tasuki again")


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - an eighth of a second that most starts do not need
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise RuntimeError(f"the migration would leave {len(broken)} references to nothing; nothing was changed")
