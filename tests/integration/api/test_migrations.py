"""Migrations: the models' schema exactly, up and down and up, without the alembic command line."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

import api.migrate
from api.db import MIGRATION, create_engine
from api.main import CannotStart, saying_why
from api.migrate import migrate, migrations_folder, references_unchecked
from api.models import metadata
from tests.integration.api.conftest import POSTGRESQL, SQLITE
from tests.integration.api.support import PASSWORD, Installation, running
from tests.support.postgresql import Cluster

pytestmark = pytest.mark.both_databases


@pytest.fixture
def url(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Of an empty database."""
    if database == SQLITE:
        yield f"sqlite+aiosqlite:///{tmp_path / 'x.db'}"
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    yield cluster.create("empty").replace("postgresql://", "postgresql+psycopg://")
    cluster.drop("empty")


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
    """From nothing to the newest and back to nothing, and with people in the tables from the first step to the newest."""
    engine = create_engine(url)
    async with engine.connect() as connection:
        await connection.execution_options(tasuki_write=True)
        async with references_unchecked(connection):
            await connection.run_sync(lambda plain: command.upgrade(config(plain), "head"))
            assert await connection.run_sync(tables) == set(metadata.tables)
            await connection.run_sync(lambda plain: command.downgrade(config(plain), "base"))
            assert await connection.run_sync(tables) == set()
            await with_people(connection)
            assert await connection.run_sync(tables) == set(metadata.tables)
            await connection.commit()
    await engine.dispose()


async def with_people(connection: AsyncConnection) -> None:
    """A login that was given again to somebody else is a step back's problem: 0001 knows no deleted operators."""
    now = "'2026-01-01 00:00:00'"
    await connection.run_sync(lambda plain: command.upgrade(config(plain), "0001"))
    await connection.exec_driver_sql(f"INSERT INTO organization VALUES ('org_1', 'acme', 'Acme', 8, NULL, {now})")
    for who in ("opr_1", "opr_2"):
        await connection.exec_driver_sql(
            "INSERT INTO operator (id, organization_id, login, name, role, password_hash, must_change_password, token_version,"
            f" modes, created_at) VALUES ('{who}', 'org_1', '{who}', 'A', 'operator', 'x', false, 1, '[]', {now})"
        )
    await connection.run_sync(lambda plain: command.upgrade(config(plain), "head"))
    await connection.exec_driver_sql(f"UPDATE operator SET deleted_at = {now} WHERE id = 'opr_1'")
    await connection.exec_driver_sql("UPDATE operator SET login = 'opr_1' WHERE id = 'opr_2'")
    await connection.run_sync(lambda plain: command.downgrade(config(plain), "0001"))
    rows = await connection.exec_driver_sql("SELECT id, login, suspended_at IS NULL FROM operator ORDER BY id")
    assert [tuple(row) for row in rows.all()] == [("opr_1", "opr_1~opr_1", False), ("opr_2", "opr_1", True)]
    await connection.run_sync(lambda plain: command.upgrade(config(plain), "head"))
    rows = await connection.exec_driver_sql("SELECT settings, networks FROM organization, operator LIMIT 1")
    assert [str(value) for value in rows.one()] == ["{}", "[]"]


async def test_starting_twice_changes_nothing(url: str) -> None:
    engine = create_engine(url)
    await migrate(engine)
    await migrate(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(tables) == set(metadata.tables)
    await engine.dispose()


async def test_what_was_sealed_before_there_was_a_keyring_goes_and_people_stay(installation: Installation) -> None:
    async with running(installation) as api:
        await api.register_relays()
        gone = await api.active()
        url = api.app.state.context.database.url
    engine = create_engine(url)
    async with engine.connect() as connection:
        await connection.execution_options(tasuki_write=True)
        async with references_unchecked(connection):
            await connection.run_sync(lambda plain: command.downgrade(config(plain), "0004"))
            await connection.run_sync(lambda plain: command.upgrade(config(plain), "head"))
            if connection.dialect.name == "sqlite":
                assert (await connection.exec_driver_sql("PRAGMA foreign_key_check")).all() == []
            await connection.commit()
    await engine.dispose()
    async with running(installation) as api:
        form = {"username": "acme/alice", "password": PASSWORD}
        answer = await api.http.post("/v1/auth/token", data=form)
        assert answer.status_code == 200, answer.text
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        shown = await api.http.get(f"/v1/sessions/{gone['id']}", headers=headers)
        assert shown.status_code == 404, "nothing of it can be opened any more"
        assert (await api.http.post("/v1/sessions", json={"mode": "view"}, headers=headers)).status_code == 201


class TestBlocked:
    """Somebody holds a table that a step must change: a backup that runs, a forgotten transaction."""

    @pytest.fixture
    def database(self) -> str:
        return POSTGRESQL

    @pytest.fixture
    async def behind(self, url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncEngine]:
        """A database of an earlier version."""
        monkeypatch.setattr(api.migrate, "LOCK_TIMEOUT", "50ms")
        engine = create_engine(url)
        async with engine.connect() as connection:
            await connection.run_sync(lambda plain: command.upgrade(config(plain), "0004"))
            await connection.commit()
        yield engine
        await engine.dispose()

    async def test_it_gives_up_with_a_sentence_and_changes_nothing(
        self, behind: AsyncEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(api.migrate, "REST_SECONDS", (0.0, 0.0))
        async with behind.connect() as holder:
            await holder.exec_driver_sql("LOCK TABLE session IN ACCESS SHARE MODE")
            with saying_why_is("somebody else holds its tables"):
                await migrate(behind)
        async with behind.connect() as connection:
            assert (await connection.exec_driver_sql("SELECT version_num FROM alembic_version")).scalar() == "0004"
        await migrate(behind)

    async def test_it_goes_on_when_they_let_go(self, behind: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        """They let go while it rests."""
        monkeypatch.setattr(api.migrate, "REST_SECONDS", (7.0, 7.0))
        async with behind.connect() as holder:
            await holder.exec_driver_sql("LOCK TABLE session IN ACCESS SHARE MODE")

            async def let_go(seconds: float) -> None:
                assert seconds == 7.0
                await holder.rollback()

            monkeypatch.setattr("api.migrate.asyncio.sleep", let_go)
            await migrate(behind)
        async with behind.connect() as connection:
            assert (await connection.exec_driver_sql("SELECT version_num FROM alembic_version")).scalar() == MIGRATION


@contextmanager
def saying_why_is(words: str) -> Iterator[None]:
    """As whoever starts the api reads it."""
    with pytest.raises(CannotStart, match=words) as raised, saying_why():
        yield
    assert len(str(raised.value).splitlines()) == 1
