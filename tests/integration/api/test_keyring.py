"""The keyring by itself: on SQLite and on PostgreSQL, two processes on one, and what an organisation cannot open."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.backup.keys import Lines, Taking
from api.keyring import Keyring
from api.keyring.master import MasterKeyError, MasterKeys, write
from api.keyring.repository import KeyStore
from api.keyring.service import CLEARED_AFTER_SECONDS, LOOK_EVERY_SECONDS, MADE_AHEAD
from api.kit.sealing import KeyDestroyed, SealError, key_id_of
from api.settings import Settings
from tests.integration.api.conftest import SQLITE
from tests.integration.api.support import Api, Installation, ShiftedClock, running

pytestmark = pytest.mark.both_databases
ACME, GLOBEX = "org_acme", "org_globex"


@dataclass
class Row:
    """A customer, as far as the keyring is concerned."""

    organization_id: str
    key_id: str


@pytest.fixture
def url(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the keys are; on PostgreSQL in a database of their own."""
    if database == SQLITE:
        return f"sqlite:///{tmp_path / 'keyring.db'}"
    made = request.getfixturevalue("cluster").create(f"keyring_{os.urandom(4).hex()}")
    return Settings(keyring_url=made).keyring


class Opened:
    """Keyrings of several processes over one store, each with a clock that the test moves."""

    def __init__(self, url: str, master: Path) -> None:
        self.url, self.master, self.now, self._made = url, master, 0.0, list[Keyring]()

    def process(self) -> Keyring:
        made = Keyring(KeyStore(self.url), MasterKeys(self.master), lambda: self.now)
        made.store.start()
        self._made.append(made)
        return made

    def close(self) -> None:
        for keyring in self._made:
            keyring.close()


@pytest.fixture
def opened(url: str, tmp_path: Path) -> Iterator[Opened]:
    found = Opened(url, tmp_path / "master.key")
    yield found
    found.close()


def test_what_one_process_seals_another_one_opens(opened: Opened) -> None:
    one, two = opened.process(), opened.process()
    customer = Row(ACME, one.customer_key(ACME))
    for sealed in (one.customer(customer).seal("p", "a", b"x"), one.organization(ACME).seal("p", "a", b"x")):
        assert two.organization(ACME).open("p", "a", sealed) == b"x"
        assert two.customer(customer).open("p", "a", sealed) == b"x"
    assert two.server.open("p", "a", one.server.seal("p", "a", b"y")) == b"y"
    assert one.organization(ACME).lookup("p", "v") == two.organization(ACME).lookup("p", "v")


def test_an_organisation_opens_nothing_of_another(opened: Opened) -> None:
    one, two = opened.process(), opened.process()
    customer = Row(ACME, one.customer_key(ACME))
    for sealed in (one.customer(customer).seal("p", "a", b"x"), one.organization(ACME).seal("p", "a", b"x")):
        for keyring in (one, two):
            for other in (keyring.organization(GLOBEX), keyring.server, keyring.customer(Row(GLOBEX, customer.key_id))):
                with pytest.raises(SealError):
                    other.open("p", "a", sealed)
    with pytest.raises(SealError):
        two.customer(Row(GLOBEX, customer.key_id)).seal("p", "a", b"x")


def test_a_key_that_one_process_destroyed_is_not_used_by_another(opened: Opened) -> None:
    one, two = opened.process(), opened.process()
    customer = Row(ACME, one.customer_key(ACME))
    sealed = one.customer(customer).seal("p", "a", b"x")
    assert two.organization(ACME).open("p", "a", sealed) == b"x"
    assert one.destroy([bytes.fromhex(customer.key_id)]) == 1
    with pytest.raises(KeyDestroyed):
        one.organization(ACME).open("p", "a", sealed)
    opened.now += LOOK_EVERY_SECONDS
    assert LOOK_EVERY_SECONDS < 5
    with pytest.raises(KeyDestroyed):
        two.organization(ACME).open("p", "a", sealed)
    with pytest.raises(KeyDestroyed):
        two.customer(customer).seal("p", "a", b"x")
    assert opened.process().store.read([bytes.fromhex(customer.key_id)]), "a tombstone says that it was destroyed"


def test_a_new_key_is_used_by_the_other_process_soon(opened: Opened) -> None:
    one, two = opened.process(), opened.process()
    before = two.organization(ACME).seal("p", "a", b"x")
    one.rotate(ACME)
    opened.now += LOOK_EVERY_SECONDS
    after = two.organization(ACME).seal("p", "a", b"y")
    assert key_id_of(before) != key_id_of(after)
    assert (two.organization(ACME).open("p", "a", before), one.organization(ACME).open("p", "a", after)) == (b"x", b"y")


def test_keys_are_made_ahead_and_each_is_given_once(opened: Opened) -> None:
    one, two = opened.process(), opened.process()
    given_out = [keyring.customer_key(ACME) for keyring in (one, two) for _ in range(MADE_AHEAD + 1)]
    assert len(set(given_out)) == len(given_out)
    found = one.store.read([bytes.fromhex(key_id) for key_id in given_out])
    assert len(found) == len(given_out), "all of them are stored before they are used"


def test_a_key_made_ahead_that_was_cleared_is_given_to_nobody(opened: Opened) -> None:
    """A machine that slept for days: its own clock of seconds stood still, and meanwhile another process cleared up."""
    one, two = opened.process(), opened.process()
    one.customer_key(ACME)
    assert two.destroy(two.unused(time.time() + CLEARED_AFTER_SECONDS + 60)) == MADE_AHEAD
    opened.now += LOOK_EVERY_SECONDS
    customer = Row(ACME, one.customer_key(ACME))
    assert one.customer(customer).open("p", "a", one.customer(customer).seal("p", "a", b"x")) == b"x"


def test_the_master_key_changes_and_everything_opens_in_both_processes(opened: Opened) -> None:
    one, two = opened.process(), opened.process()
    customer = Row(ACME, one.customer_key(ACME))
    sealed, lookup = one.customer(customer).seal("p", "a", b"x"), one.organization(ACME).lookup("p", "v")
    two.organization(ACME).seal("p", "a", b"x")
    before = opened.master.read_bytes()
    assert one.rotate_master() >= 2
    assert opened.master.read_bytes() != before
    two.forget_opened()
    for keyring in (one, two, opened.process()):
        assert keyring.organization(ACME).open("p", "a", sealed) == b"x"
        assert keyring.organization(ACME).lookup("p", "v") == lookup
    opened.master.write_bytes(before)
    with pytest.raises(SealError, match="master key"):
        opened.process().organization(ACME).open("p", "a", sealed)


def test_a_master_rotation_that_died_is_done_again(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    one = opened.process()
    sealed, before = one.organization(ACME).seal("p", "a", b"x"), opened.master.read_text()

    def dies(_rows: object) -> None:
        raise ConnectionError("as if the process had been killed here")

    with monkeypatch.context() as patch:
        patch.setattr(one.store, "rewrap", dies)
        with pytest.raises(ConnectionError):
            one.rotate_master()
    [fresh] = set(opened.master.read_text().split()) - {before.strip()}
    two = opened.process()
    assert two.organization(ACME).open("p", "a", sealed) == b"x"
    two.rotate_master()
    assert opened.master.read_text().split() == [fresh], "the key that was to go is gone"
    assert opened.process().organization(ACME).open("p", "a", sealed) == b"x"


def test_a_backup_that_a_rotation_of_the_master_key_came_into_opens(opened: Opened, tmp_path: Path) -> None:
    one = opened.process()
    sealed = one.organization(ACME).seal("p", "a", b"x")
    lines = Lines(one.store, opened.master, datetime.now(UTC))
    taking = Taking(KeyStore(f"sqlite:///{tmp_path / 'restored.db'}"))
    store = taking._store
    assert store is not None
    store.start()
    taking.write(lines.read(20))  # the master keys were read by now, the others not
    one.rotate_master()
    taking.write(lines.read())
    taking.finish()
    write(tmp_path / "restored.key", taking.masters)
    restored = Keyring(store, MasterKeys(tmp_path / "restored.key"))
    assert restored.organization(ACME).open("p", "a", sealed) == b"x"
    restored.close()


def test_the_next_master_key_is_prepared_once(opened: Opened) -> None:
    """Each time another one would fill the file until nobody reads it any more, and which copy is the right one?"""
    one = opened.process()
    one.organization(ACME).seal("p", "a", b"x")
    one.prepare_master()
    both = opened.master.read_bytes()
    with pytest.raises(MasterKeyError, match="keys rotate --master"):
        one.prepare_master()
    assert opened.master.read_bytes() == both
    one.rotate_master()
    assert opened.master.read_bytes().split() == both.split()[1:]


@settings(max_examples=25)
@given(st.lists(st.sampled_from(["seal", "customer", "rotate", "master", "forget", "rewrap"]), max_size=12))
@pytest.mark.sqlite
def test_whatever_is_done_what_was_not_destroyed_opens(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("keyring")
    opened = Opened(f"sqlite:///{folder / 'keyring.db'}", folder / "master.key")
    keyrings = [opened.process(), opened.process()]
    there: list[tuple[bytes, bytes]] = []
    customers: list[tuple[Row, bytes]] = []
    gone: list[bytes] = []
    for number, step in enumerate(steps):
        keyring, plain = keyrings[number % 2], str(number).encode()
        if step == "seal":
            there.append((keyring.organization(ACME).seal("p", "a", plain), plain))
        elif step == "customer":
            row = Row(ACME, keyring.customer_key(ACME))
            customers.append((row, keyring.customer(row).seal("p", "a", plain)))
        elif step == "rotate":
            keyring.rotate(ACME)
        elif step == "master":
            keyring.rotate_master()
        elif step == "rewrap":
            for old in keyring.older(ACME):
                keyring.rewrap(ACME, old, 1000)
        elif customers:
            row, sealed = customers.pop()
            keyring.destroy([bytes.fromhex(row.key_id)])
            gone.append(sealed)
        opened.now += LOOK_EVERY_SECONDS
    for keyring in (*keyrings, opened.process()):
        assert all(keyring.organization(ACME).open("p", "a", sealed) == plain for sealed, plain in there)
        assert all(keyring.customer(row).open("p", "a", sealed) for row, sealed in customers)
        for sealed in gone:
            with pytest.raises(KeyDestroyed):
                keyring.organization(ACME).open("p", "a", sealed)
    opened.close()


async def test_the_whole_api_with_its_keyring_there(url: str, installation: Installation, clock: ShiftedClock) -> None:
    """Only the setting differs; here the keyring is moved there first."""
    old = KeyStore(f"sqlite:///{installation.folder / 'keyring.db'}")
    new = KeyStore(url.replace("keyring.db", "elsewhere.db"))
    new.start()
    new.add(old.page(b"", 1000))
    old.close()
    new.close()
    (installation.folder / "keyring.db").unlink()
    async with running(installation, clock, keyring_url=new.url) as api:
        await _a_customer_comes_and_is_forgotten(api)
    assert not (installation.folder / "keyring.db").exists()


async def _a_customer_comes_and_is_forgotten(api: Api) -> None:
    session = await api.create(customer={"name": "Hanako", "email": "h@example.jp"})
    assert (await api.get(f"/v1/sessions/{session['id']}"))["customer"]["name"] == "Hanako"
    await api.post(f"/v1/sessions/{session['id']}/end", status=200)
    gone = await api.post("/v1/customers/forget", {"email": "h@example.jp", "reason": "x"}, status=200)
    assert (gone["forgotten"], bool(gone["proof"])) == (True, True)
    assert (await api.get(f"/v1/sessions/{session['id']}"))["customer"] is None
