"""Migrations: the models' schema exactly, up and down and up, without the alembic command line."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlalchemy.engine import Connection

from api.db import MIGRATION, create_engine
from api.migrate import migrate, migrations_folder
from api.models import metadata


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'x.db'}"


def config(connection: Connection) -> Config:
    made = Config()
    made.set_main_option("script_location", str(migrations_folder()))
    made.attributes["connection"] = connection
    return made


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version", "sqlite_sequence"}


async def test_the_newest_revision_is_the_one_the_api_expects() -> None:
    made = Config()
    made.set_main_option("script_location", str(migrations_folder()))
    assert ScriptDirectory.from_config(made).get_heads() == [MIGRATION]


async def test_the_migrated_schema_is_the_models_schema(url: str) -> None:
    engine = create_engine(url)
    await migrate(engine)
    async with engine.connect() as connection:
        await connection.run_sync(lambda plain: command.check(config(plain)))
    await engine.dispose()


async def test_up_down_up(url: str) -> None:
    engine = create_engine(url)
    async with engine.connect() as connection:
        await connection.execution_options(tasuki_write=True)
        await connection.run_sync(lambda plain: command.upgrade(config(plain), "head"))
        assert await connection.run_sync(tables) == set(metadata.tables)
        await connection.run_sync(lambda plain: command.downgrade(config(plain), "base"))
        assert await connection.run_sync(tables) == set()
        await connection.run_sync(lambda plain: command.upgrade(config(plain), "head"))
        assert await connection.run_sync(tables) == set(metadata.tables)
        await connection.commit()
    await engine.dispose()


async def test_starting_twice_changes_nothing(url: str) -> None:
    engine = create_engine(url)
    await migrate(engine)
    await migrate(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(tables) == set(metadata.tables)
    await engine.dispose()
