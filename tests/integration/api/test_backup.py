"""Backups that are made while people work, and restores that are tried: into an empty place, on both databases."""

import asyncio
import resource
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from alembic import command as alembic
from alembic.script import ScriptDirectory

from api import admin
from api.backup import passphrase
from api.db import MIGRATION, create_engine
from api.keyring.repository import KeyStore
from api.main import CannotStart, read_settings
from api.migrate import references_unchecked
from tests.integration.api.conftest import SQLITE
from tests.integration.api.support import PASSWORD, Api, Installation, running, wait_until
from tests.integration.api.test_migrations import config
from tests.support.postgresql import Cluster

pytestmark = pytest.mark.both_databases

WORDS = "plum harbour sixty lantern"
CUSTOMER = {"name": "Hanako Yamada", "email": "hanako@example.jp"}
ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Vault:
    """Where backups go, and what opens them; and how an empty place is had."""

    folder: Path
    identity: Path
    recipient: str
    empty_place: Callable[[], Path]

    def out(self, name: str = "database.age") -> Path:
        return self.folder / name

    @property
    def keyring(self) -> Path:
        return self.folder / "keyring.age"


async def run(*words: object) -> dict[str, Any]:
    return await admin.run(admin.parse([*map(str, words), "--json"]))


@pytest.fixture
def place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> Iterator[Any]:
    """Makes empty places, to which the settings of the commands then lead."""
    names: list[str] = []

    def empty() -> Path:
        names.append(f"restored_{len(names)}")
        folder = tmp_path / names[-1]
        monkeypatch.setenv("TASUKI_DATA_DIR", str(folder))
        if database != SQLITE:
            cluster: Cluster = request.getfixturevalue("cluster")
            monkeypatch.setenv("TASUKI_DATABASE_URL", cluster.create(names[-1]))
        return folder

    yield empty
    if database != SQLITE:
        for name in names:
            request.getfixturevalue("cluster").drop(name)


@pytest.fixture
async def vault(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: Callable[[], Path]
) -> Vault:
    """With the settings of the commands at the installation."""
    monkeypatch.setattr(passphrase, "WORK_FACTOR", 4)
    monkeypatch.setenv("TASUKI_DATA_DIR", str(installation.folder))
    folder = tmp_path / "vault"
    made = await run("backup", "key", "--out", folder / "identity")
    return Vault(folder, folder / "identity", made["recipient"], place)


async def backed_up(vault: Vault) -> dict[str, Any]:
    return await run("backup", "--out", vault.out(), "--keyring-out", vault.keyring, "--recipient", vault.recipient)


async def restored(vault: Vault) -> dict[str, Any]:
    return await run("restore", vault.out(), "--keyring", vault.keyring, "--identity", vault.identity)


@asynccontextmanager
async def serving(installation: Installation, folder: Path) -> AsyncIterator[Api]:
    """What was restored."""
    async with running(replace(installation, folder=folder)) as api:
        yield api


async def proven(api: Api) -> None:
    """Until every line of the log that is there now is under a signed checkpoint."""
    written = len((await api.get("/v1/audit-events", limit=100))["items"])

    async def covered() -> bool:
        answer = await api.http.get("/v1/audit-events/checkpoint", headers=api.alice.headers)
        return answer.is_success and int(answer.json()["size"]) >= written

    await wait_until(covered, 20)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.rule("R39")
async def test_restored_from_a_backup_that_was_made_while_people_worked(
    api: Api, installation: Installation, vault: Vault
) -> None:
    await proven(api)
    before = [await api.active(customer=CUSTOMER, metadata={"ticket": "4711"}) for _ in range(3)]
    stop, made = asyncio.Event(), [session["id"] for session in before]

    async def work() -> None:
        while not stop.is_set():
            made.append((await api.create(customer=CUSTOMER))["id"])

    working = [asyncio.create_task(work()) for _ in range(3)]
    done = await backed_up(vault)
    stop.set()
    await asyncio.gather(*working)
    assert len(made) > len(before), "nobody worked meanwhile"
    assert vault.out().stat().st_mode & 0o777 == vault.keyring.stat().st_mode & 0o777 == 0o600
    assert b"SQLite format" not in vault.out().read_bytes()
    ledger = (await api.get("/v1/audit-events", limit=100))["items"]
    checked = await run("backup", "verify", vault.out(), "--keyring", vault.keyring, "--identity", vault.identity)
    assert (checked["schema"], checked["sha256"], checked["keys"]) == (MIGRATION, done["sha256"], done["keys"])

    place = vault.empty_place()
    result = await restored(vault)
    assert (result["schema_before"], result["schema"], result["organizations"]) == (MIGRATION, MIGRATION, 2)
    assert result["log_lines_proven"] > 3
    assert not list(place.glob(".backup-*"))
    async with serving(installation, place) as there:
        answer = await there.http.post("/v1/auth/token", data={"username": "acme/alice", "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        shown = await there.get(f"/v1/sessions/{before[0]['id']}")
        assert (shown["customer"], shown["metadata"], shown["state"]) == (CUSTOMER, {"ticket": "4711"}, "active")
        listed = (await there.get("/v1/sessions", limit=100))["items"]
        assert {session["id"] for session in before} <= {session["id"] for session in listed} <= set(made)
        assert all(session["customer"] == CUSTOMER for session in listed)
        kept = {line["id"]: line for line in (await there.get("/v1/audit-events", limit=100))["items"]}
        same = [line for line in ledger if line["id"] in kept]
        assert len(same) > 3
        assert all(kept[line["id"]] == line for line in same)
    assert (await run("check"))["organizations"] == 2


async def test_a_passphrase_and_a_folder_that_is_kept_short(installation: Installation, vault: Vault) -> None:
    words = vault.folder / "words"
    words.write_text(f"{WORDS}\n")
    old = [vault.folder / f"tasuki-keyring-2020010{day}T000000Z.age" for day in (1, 2)]
    for path in [*old, vault.folder / "tasuki-20200101T000000Z.age", vault.folder / "mine.age"]:
        path.touch()
    done = await run("backup", "--out", vault.folder, "--keyring-out", vault.folder, "--passphrase-file", words)
    assert done["deleted"] == [path.name for path in old]
    again = await run("backup", "--out", vault.out("x"), "--passphrase-file", words)
    assert again["deleted"] == []
    assert "tasuki-20200101T000000Z.age" in left_in(vault.folder)
    place = vault.empty_place()
    await run("restore", done["file"], "--keyring", done["keyring_file"], "--passphrase-file", words)
    async with serving(installation, place) as there:
        assert (await there.get("/v1/me"))["operator"]["name"] == "Alice"
    keyring_alone = await run("backup", "--keyring-out", vault.out("k"), "--passphrase-file", words)
    assert (keyring_alone["keys"], "file" in keyring_alone) == (done["keys"], False)
    (other := vault.folder / "other").mkdir()
    for name in ("tasuki-20200101T000000Z.age", "mine.age"):
        (other / name).touch()
    last = await run("backup", "--out", other, "--passphrase-file", words, "--keep-days", "30")
    first = vault.folder / "new" / "folder"
    made = await run("backup", "--out", first, "--passphrase-file", words, "--keep-days", "30")
    assert (Path(made["file"]).parent, first.stat().st_mode & 0o777) == (first, 0o700), (
        "the first night makes the folder"
    )
    assert last["deleted"] == ["tasuki-20200101T000000Z.age"]
    assert "mine.age" in left_in(other)
    with pytest.raises(CannotStart, match="--keep-days"):
        await run("backup", "--out", other, "--passphrase-file", words, "--keep-days", "-1")
    assert Path(last["file"]).exists(), "a slip of the hand deletes no backup, least of all the one just made"


@pytest.mark.parametrize(
    "what", ["byte", "cut", "empty", "key", "words", "swapped", "wrong-keyring", "no-keyring", "checksum"]
)
async def test_what_cannot_be_restored_leaves_nothing_tamper(
    installation: Installation, vault: Vault, what: str, tmp_path: Path
) -> None:
    await backed_up(vault)
    sealed = vault.out().read_bytes()
    opens: list[object] = ["--identity", vault.identity]
    given: list[object] = ["--keyring", vault.keyring]
    files = [vault.out()]
    if what != "checksum":
        vault.out("database.age.sha256").unlink()
    if what in {"byte", "checksum"}:
        vault.out().write_bytes(sealed[:-2000] + bytes([sealed[-2000] ^ 1]) + sealed[-1999:])
    elif what in {"cut", "empty"}:
        vault.out().write_bytes(sealed[: len(sealed) // 2 if what == "cut" else 0])
    elif what == "key":
        opens = ["--identity", (await run("backup", "key", "--out", tmp_path / "other"))["identity_file"]]
    elif what == "words":
        (tmp_path / "words").write_text(WORDS)
        opens = ["--passphrase-file", tmp_path / "words"]
    elif what == "swapped":
        files, given = [vault.keyring], ["--keyring", vault.out()]
    elif what == "wrong-keyring":
        vault.empty_place()
        await run("init", "--company", "other", "--login", "olga")
        given = ["--keyring", vault.out("others")]
        await run("backup", "--out", vault.out("theirs"), "--keyring-out", given[1], "--recipient", vault.recipient)
    elif what == "no-keyring":
        given = []
    says = {
        "byte": "damaged", "cut": "damaged", "empty": "damaged", "key": "none of the keys", "words": "private key",
        "swapped": "no backup of a database", "wrong-keyring": "does not belong|do not belong|not in the keyring",
        "no-keyring": "give its backup with --keyring", "checksum": "checksum is not the one",
    }  # fmt: skip
    place = vault.empty_place()
    with pytest.raises(CannotStart, match=says[what]) as raised:
        await run("restore", *files, *given, *opens)
    assert len(str(raised.value).splitlines()) == 1
    assert left_in(place) == []
    if not given:
        return
    vault.out().write_bytes(sealed)
    vault.out("database.age.sha256").unlink(missing_ok=True)
    assert (await restored(vault))["organizations"] == 2, "the place is as empty as before"


async def test_nothing_is_written_over(installation: Installation, vault: Vault) -> None:
    await backed_up(vault)
    before = vault.out().read_bytes()
    with pytest.raises(CannotStart, match="exists already"):
        await backed_up(vault)
    assert vault.out().read_bytes() == before
    with pytest.raises(CannotStart, match="nothing is written over"):
        await restored(vault)
    async with running(installation) as api:
        assert (await api.get("/v1/me"))["operator"]["name"] == "Alice"


async def test_a_lost_database_comes_back_under_the_keyring_that_is_there(
    installation: Installation, vault: Vault, place: Callable[[], Path]
) -> None:
    await backed_up(vault)
    folder = place()
    folder.mkdir()
    for name in ("keyring.db", "master.key"):
        (installation.folder / name).rename(folder / name)
    (folder / "keyring.db").chmod(0o600)
    assert (await run("restore", vault.out(), "--identity", vault.identity))["keyring_made_at"] is None
    async with serving(installation, folder) as there:
        assert (await there.get("/v1/me"))["operator"]["name"] == "Alice"


async def test_who_was_forgotten_stays_forgotten_whatever_keyring_comes_back(
    api: Api, installation: Installation, vault: Vault
) -> None:
    session = await api.active(customer=CUSTOMER)
    await run("backup", "--out", vault.out("early"), "--keyring-out", vault.keyring, "--recipient", vault.recipient)
    await api.post(f"/v1/sessions/{session['id']}/end", status=200)
    body = {"session_id": session["id"], "reason": "asked by mail"}
    forgotten = await api.http.post("/v1/customers/forget", json=body, headers=api.alice.headers)
    assert forgotten.is_success, forgotten.text
    await run("backup", "--out", vault.out(), "--recipient", vault.recipient)
    place = vault.empty_place()
    assert (await restored(vault))["keys_destroyed_again"] == 1
    async with serving(installation, place) as there:
        shown = await there.http.get(f"/v1/sessions/{session['id']}", headers=there.alice.headers)
        assert shown.status_code == 200, shown.text
        assert "Hanako" not in shown.text


async def test_an_organisation_that_was_removed_stays_so(api: Api, installation: Installation, vault: Vault) -> None:
    await run("backup", "--out", vault.out("early"), "--keyring-out", vault.keyring, "--recipient", vault.recipient)
    await run("organization", "remove", "--company", "globex", "--confirm", "globex")
    await run("backup", "--out", vault.out(), "--recipient", vault.recipient)
    place = vault.empty_place()
    result = await restored(vault)
    assert (result["organizations"], result["keys_destroyed_again"] > 0) == (1, True)
    assert place.exists()


async def test_a_log_that_was_changed_is_named_tamper(installation: Installation, vault: Vault) -> None:
    async with running(installation) as api:
        await api.post("/v1/operators", {"login": "zoe", "name": "Zoe"})
        await proven(api)
    engine = create_engine(read_settings().database)
    async with engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE audit_event SET action = 'operator.deleted' WHERE action = 'operator.created'"
        )
    await engine.dispose()
    with pytest.raises(CannotStart, match="the log of acme was tampered with or is damaged at position"):
        await run("check")
    await backed_up(vault)
    place = vault.empty_place()
    with pytest.raises(CannotStart, match="tampered"):
        await restored(vault)
    assert left_in(place) == []


async def test_an_older_schema_is_brought_up_to_date_and_a_newer_one_is_refused(vault: Vault) -> None:
    history = ScriptDirectory(str(ROOT / "migrations"))
    older = history.get_revision(MIGRATION)
    assert older is not None
    previous = str(older.down_revision)
    vault.empty_place()
    await run("init", "--company", "later", "--login", "lea")  # makes keyring and master key
    await run("backup", "--out", vault.out("now"), "--keyring-out", vault.keyring, "--recipient", vault.recipient)
    await at_revision(previous)
    await run("backup", "--out", vault.out(), "--recipient", vault.recipient)
    await at_revision(previous, called="9999")
    await run("backup", "--out", vault.out("newer"), "--recipient", vault.recipient)
    vault.empty_place()
    result = await restored(vault)
    assert (result["schema_before"], result["schema"]) == (previous, MIGRATION)
    place = vault.empty_place()
    with pytest.raises(CannotStart, match="schema 9999, which this version does not know"):
        await run("restore", vault.out("newer"), "--keyring", vault.keyring, "--identity", vault.identity)
    assert left_in(place) == []


async def at_revision(revision: str, called: str | None = None) -> None:
    """The database of the settings, made anew with an older schema."""
    settings = read_settings()
    engine = create_engine(settings.database)
    async with engine.connect() as connection:
        await connection.execution_options(tasuki_write=True)
        async with references_unchecked(connection):
            await connection.run_sync(lambda plain: alembic.downgrade(config(plain), "base"))
            await connection.run_sync(lambda plain: alembic.upgrade(config(plain), revision))
            if called:
                await connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{called}'")
            await connection.commit()
    await engine.dispose()


@contextmanager
def files_up_to(limit: int) -> Iterator[None]:
    """No file of this process can grow larger: what a full disk does, at any place one likes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_leaves_nothing_and_says_so(installation: Installation, vault: Vault) -> None:
    await backed_up(vault)
    size, there = vault.out().stat().st_size, left_in(vault.folder)
    for limit in (20_000, size // 2):
        with files_up_to(limit), pytest.raises(CannotStart) as raised:
            await run("backup", "--out", vault.out("full"), "--recipient", vault.recipient)
        assert len(str(raised.value).splitlines()) == 1
        assert left_in(vault.folder) == there
        assert not list(installation.folder.glob(".backup-*"))
    place = vault.empty_place()
    with files_up_to(size // 2), pytest.raises(CannotStart) as raised:
        await restored(vault)
    assert len(str(raised.value).splitlines()) == 1
    assert left_in(place) == []
    assert (await restored(vault))["organizations"] == 2


async def test_a_keyring_in_postgresql(
    installation: Installation, vault: Vault, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It moves there and back by a backup, whose form is the same for both."""
    await backed_up(vault)
    place = vault.empty_place()
    url = cluster.create("keys")
    try:
        monkeypatch.setenv("TASUKI_KEYRING_URL", url)
        assert (await restored(vault))["organizations"] == 2
        assert left_in(place) in (["master.key"], ["master.key", "tasuki.db"])
        async with serving(installation, place) as there:
            assert (await there.get("/v1/me"))["operator"]["name"] == "Alice"
        await run(
            "backup", "--out", vault.out("second"), "--keyring-out", vault.out("keys"), "--recipient", vault.recipient
        )
        vault.empty_place()
        with pytest.raises(CannotStart, match="TASUKI_KEYRING_URL has"):
            await restored(vault)
    finally:
        cluster.drop("keys")
    monkeypatch.delenv("TASUKI_KEYRING_URL")
    place = vault.empty_place()
    await run("restore", vault.out("second"), "--keyring", vault.out("keys"), "--identity", vault.identity)
    store = KeyStore(f"sqlite:///{place / 'keyring.db'}")
    assert store.count()[0] > 2
    store.close()


async def test_without_postgresqls_client_it_says_what_to_install(
    database: str, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database == SQLITE:
        await backed_up(vault)  # needs none
        return
    monkeypatch.setenv("PATH", str(vault.folder))
    with pytest.raises(CannotStart, match=r"pg_dump is not installed.*apt install postgresql-client"):
        await backed_up(vault)
    assert left_in(vault.folder) == ["identity"]
