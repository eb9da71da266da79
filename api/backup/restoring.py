"""Putting a backup back, into an empty place: prepared beside it, checked, and only then moved in."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, inspect
from sqlalchemy.engine import Connection

from api.backup import checking, client, files, keys, repository, service
from api.backup.age import Key
from api.backup.failures import BackupFailed
from api.backup.service import Opened, Result, sqlite_file
from api.context import Context
from api.db import create_engine
from api.keyring import master
from api.keyring.repository import KeyStore
from api.kit.clock import SystemClock
from api.migrate import migrate, migrations_folder
from api.removals import repository as removals
from api.settings import Settings

KEEP = "nothing is written over: restore into an empty place, or move it away first"


async def restore(settings: Settings, key: Key, file: Path, keyring: Path | None) -> Result:
    """Database and, when given, the keyring. Whatever goes wrong, the place is as it was."""
    await _refuse_what_is_there(settings, with_keyring=keyring is not None)
    target = sqlite_file(settings)
    with files.workplace(target.parent if target else settings.data_dir) as work, ExitStack() as stack:
        found = await asyncio.to_thread(stack.enter_context, service.opened(file, key, work))
        _fits(found, target)
        staged = _staged(settings, work, found, target, with_keyring=keyring is not None)
        made_at = None
        if keyring is not None:
            made_at = await asyncio.to_thread(_take_keyring, staged, key, keyring)
        if target is None:
            await asyncio.to_thread(client.load, settings.database, found.file)
        try:
            looked = await _prepare(staged)
            with service.said():
                _move_in(settings, staged, target)
        except BaseException:
            if target is None:
                await _empty(settings)
            raise
    return {
        "file": str(file),
        "database": found.kind,
        "schema_before": found.revision,
        "keyring_made_at": made_at,
        **looked,
    }


async def _refuse_what_is_there(settings: Settings, *, with_keyring: bool) -> None:
    target = sqlite_file(settings)
    if target is None:
        tables = await _tables(settings)
        if tables:
            raise BackupFailed(f"the database of TASUKI_DATABASE_URL has tables already ({tables[0]} …); {KEEP}")
    elif target.exists():
        raise BackupFailed(f"{target} is there; {KEEP}")
    if not with_keyring:
        if not settings.master_key.exists():
            raise BackupFailed(
                f"there is no master key at {settings.master_key}: without the keyring nothing can be read, so give its"
                " backup with --keyring"
            )
        return
    store = KeyStore(settings.keyring)
    for path in (settings.master_key, store.file):
        if path is not None and path.exists():
            raise BackupFailed(f"{path} is there; {KEEP}. To keep the keyring that is there, leave --keyring out")
    if store.file is None:
        store.start()
        whole, gone = store.count()
        store.close()
        if whole + gone:
            raise BackupFailed(f"the keyring of TASUKI_KEYRING_URL has {whole + gone} keys; {KEEP}")


def _fits(found: Opened, target: Path | None) -> None:
    kind = "postgresql" if target is None else "sqlite"
    if found.kind != kind:
        raise BackupFailed(f"the backup is of {found.kind}, but TASUKI_DATABASE_URL is of {kind}; set it accordingly")
    known = {path.name.partition("_")[0] for path in (migrations_folder() / "versions").glob("*.py")}
    if found.revision not in known:
        raise BackupFailed(
            f"the backup has schema {found.revision}, which this version does not know; install the Tasuki that made it"
        )


def _staged(settings: Settings, work: Path, found: Opened, target: Path | None, *, with_keyring: bool) -> Settings:
    """Settings under which the parts in the work folder are the installation."""
    changes: dict[str, Any] = {}
    if target is not None:
        changes["database_url"] = f"sqlite:///{found.file}"
    if with_keyring:
        changes |= {"keyring_url": f"sqlite:///{work / 'keyring.db'}", "master_key_file": work / "master.key"}
    return settings.model_copy(update=changes)


def _take_keyring(staged: Settings, key: Key, file: Path) -> str:
    store = KeyStore(staged.keyring)
    try:
        store.start()
        taken = service.take_keyring(file, key, store)
        master.write(staged.master_key, taken.masters[: master.MOST_KEYS], replace=False)
        return taken.made_at
    finally:
        store.close()


async def _prepare(staged: Settings) -> Result:
    """Bring the schema up to date, destroy again what was destroyed, and look whether all of it can be read."""
    context = Context.build(staged, SystemClock())
    try:
        context.keyring.store.start()
        await migrate(context.database.engine)
        destroyed = await _destroy_again(context)
        return {"keys_destroyed_again": destroyed, **await checking.check(context)}
    finally:
        await context.database.close()
        context.keyring.close()


async def _destroy_again(context: Context) -> int:
    """A keyring that is older than the database still has keys that the database knows to be destroyed."""
    after, destroyed = "", 0
    async with context.database.read() as db:
        for removed in await removals.every(db):
            destroyed += context.keyring.destroy_owner(removed.id)
        while key_ids := await repository.destroyed_keys(db, after):
            destroyed += context.keyring.destroy([bytes.fromhex(key_id) for key_id in key_ids])
            after = key_ids[-1]
    return destroyed


def _move_in(settings: Settings, staged: Settings, target: Path | None) -> None:
    """Links, which fail where something is; what was moved in is taken out again when a later part fails."""
    moves = []
    if staged.keyring != settings.keyring:
        moves.append((staged.master_key, settings.master_key))
        store, staged_store = KeyStore(settings.keyring), KeyStore(staged.keyring)
        if store.file is None:
            store.start()
            keys.copy(staged_store, store)
        elif staged_store.file is not None:
            moves.append((staged_store.file, store.file))
        store.close()
        staged_store.close()
    if target is not None:
        moves.append((sqlite_file(staged) or target, target))
    with _taking_out_again() as done:
        for source, place in moves:
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(source, place)
            done.append(place)
            files.sync_folder(place.parent)


@contextmanager
def _taking_out_again() -> Iterator[list[Path]]:
    done: list[Path] = []
    try:
        yield done
    except BaseException:
        for path in done:
            path.unlink()
        raise


async def _tables(settings: Settings) -> list[str]:
    engine = create_engine(settings.database)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(lambda bound: inspect(bound).get_table_names())
    finally:
        await engine.dispose()


async def _empty(settings: Settings) -> None:
    """The database had no tables before, so all that are there now came with the backup."""

    def drop(bound: Connection) -> None:
        every = MetaData()
        every.reflect(bound)
        every.drop_all(bound)

    engine = create_engine(settings.database)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(drop)
    finally:
        await engine.dispose()
