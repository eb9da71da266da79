"""Brings the database to the newest schema when the api starts. Alembic is only loaded when there is something to do."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api.db import INSTALLATION_LOCK, MIGRATION


async def migrate(engine: AsyncEngine) -> None:
    """Apply what is missing, in one transaction. Of several api processes that start together, one does it."""
    async with engine.connect() as connection:
        if await connection.run_sync(_current) == MIGRATION:
            return
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
