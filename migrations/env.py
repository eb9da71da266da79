"""Alembic's entry: the database of the settings, or of the connection that api/migrate.py hands over."""

import asyncio

from alembic import context
from sqlalchemy.engine import Connection

from api.db import create_engine
from api.kit.columns import UtcDateTime
from api.migrate import LOCK_TIMEOUT, STATEMENT_TIMEOUT
from api.models import metadata
from api.settings import load_settings


def render_item(kind: str, item: object, _context: object) -> str | bool:
    """Plain SQLAlchemy types in migration files, so that they stand when our own types change."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and type(item).__name__ == "AutoString":
        return "sa.String()"
    return False


def run(connection: Connection) -> None:
    """Run the migrations in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
        context.run_migrations()


async def run_by_settings() -> None:
    """For the alembic command line."""
    engine = create_engine(load_settings().database)
    async with engine.connect() as connection:
        await connection.execution_options(tasuki_write=True)
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(run_by_settings())
