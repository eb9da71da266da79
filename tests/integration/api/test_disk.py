"""The attacker with the disk, and what is left after somebody was forgotten: searched byte by byte, with a control that finds."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from api.customers.models import Customer
from api.keyring import Keyring
from api.keyring.master import MasterKeys
from api.keyring.repository import KeyStore
from api.kit.sealing import KeyDestroyed, SealError
from api.sessions import details
from api.sessions.models import Session
from tests.integration.api.disk import encodings, found
from tests.integration.api.signing_in import with_totp
from tests.integration.api.support import Api, Installation, running

pytestmark = pytest.mark.sqlite

NAME, EMAIL = "Hanako Yamadasan", "hanako.secret@example.jp"
TOLD = {
    "name": NAME,
    "email": EMAIL,
    "purpose": "Purpose-6f2b printer broken",
    "metadata": "Metadata-91c7 ward seven",
    "url": "https://crm.example.com/person/8d1e77",
    "note": "Note-55aa she will call again",
    "closing": "Closing-77bb all is well again",
    "reason": "Reason-12cd the line was cut",
    "reference": "TICKET-90817263",
}


async def story(api: Api) -> tuple[dict[str, Any], list[str]]:
    """A session with everything in it that can be said, and every secret that came up."""
    hook = await api.post("/v1/webhook-endpoints", {"url": "https://93.184.215.14/x"})
    integration = await api.post("/v1/integrations", {"name": "x", "operator_id": api.alice.id})
    totp, recovery = await with_totp(api)
    await api.later()
    headers = api.alice.headers | {"Idempotency-Key": "one"}
    body = {
        "mode": "control",
        "customer": {"name": NAME, "email": EMAIL},
        "purpose": TOLD["purpose"],
        "metadata": {"ward": TOLD["metadata"]},
        "reference": {"system": "crm", "id": TOLD["reference"], "url": TOLD["url"]},
    }
    session = (await api.http.post("/v1/sessions", json=body, headers=headers)).json()
    waiting = await api.create(customer={"name": NAME, "email": EMAIL})
    joined = (await api.join(session["code"])).json()
    await api.post(f"/v1/sessions/{session['id']}/ticket")
    path = f"/v1/sessions/{session['id']}"
    await api.post(f"{path}/end", {"reason": TOLD["reason"], "note": TOLD["note"]}, status=200)
    patch = {"closing_reason": TOLD["closing"]}
    assert (await api.http.patch(path, json=patch, headers=api.alice.headers)).status_code == 200
    secrets = [
        waiting["code"], hook["secret"], integration["secret"], totp.secret, *recovery, joined["ticket"], joined["resume_ticket"],
        api.alice.refresh_token, api.alice.access_token,
    ]  # fmt: skip
    await api.post(f"/v1/sessions/{waiting['id']}/end", status=200)
    return session, secrets


def stolen(folder: Path, place: Path) -> list[Path]:
    """The database with its journal, and a backup of it: without the keyring and the master key."""
    place.mkdir()
    for name in ("tasuki.db", "tasuki.db-wal", "tasuki.db-shm"):
        if (folder / name).exists():
            shutil.copy(folder / name, place / name)
    with (
        closing(sqlite3.connect(folder / "tasuki.db")) as source,
        closing(sqlite3.connect(place / "backup.db")) as copy,
    ):
        source.backup(copy)
    return sorted(place.iterdir())


async def test_evil_the_database_and_its_backup_tell_nothing_about_customers_and_no_secret(
    api: Api, tmp_path: Path
) -> None:
    _, secrets = await story(api)
    files = stolen(api.folder, tmp_path / "stolen")
    assert found(files, [api.alice.id]), "the control: what is not sealed is found"
    assert {value for _, value in found(files, [TOLD["reference"]])} == {TOLD["reference"]}, (
        "what is searched for is plain"
    )
    told = [value for name, value in TOLD.items() if name != "reference"]
    assert found(files, [*told, *secrets]) == set()


@pytest.mark.parametrize("form", range(13))
def test_the_search_finds_every_encoding(tmp_path: Path, form: int) -> None:
    value = list(encodings(NAME))[form]
    (tmp_path / "file").write_bytes(b"\x00\x01" + value + b"\xff")
    assert found([tmp_path / "file"], [NAME]) == {("file", NAME)}


async def test_evil_the_database_alone_opens_nothing(api: Api, tmp_path: Path) -> None:
    """Another keyring with another master key is no help, nor is the right master key with an empty keyring."""
    session, _ = await story(api)
    context = api.app.state.context
    async with context.database.read() as db:
        row = await db.get_one(Session, session["id"])
    assert details.opened(context, row).customer is not None
    for master in (tmp_path / "other.key", api.folder / "master.key"):
        keyring = Keyring(KeyStore(f"sqlite:///{tmp_path / master.name}.db"), MasterKeys(master))
        keyring.store.start()
        with pytest.raises(SealError, match="not in the keyring"):
            keyring.organization(row.organization_id).open(details.CUSTOMER_PURPOSE, row.id, row.customer_sealed or b"")
        keyring.close()


async def test_evil_a_keyring_without_its_master_key_opens_nothing(api: Api, tmp_path: Path) -> None:
    session, _ = await story(api)
    async with api.app.state.context.database.read() as db:
        row = await db.get_one(Session, session["id"])
    for name in ("keyring.db", "keyring.db-wal"):
        if (api.folder / name).exists():
            shutil.copy(api.folder / name, tmp_path / name)
    keyring = Keyring(KeyStore(f"sqlite:///{tmp_path / 'keyring.db'}"), MasterKeys(tmp_path / "other.key"))
    with pytest.raises(SealError, match="master key"):
        keyring.organization(row.organization_id).open(details.CUSTOMER_PURPOSE, row.id, row.customer_sealed or b"")
    keyring.close()


async def test_evil_after_forget_nothing_is_found_and_nothing_opens(
    installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither in database, journals, keyring, a backup made afterwards and the log, nor with today's keyring and master key."""
    async with running(installation) as api:
        await api.register_relays()
        session, _ = await story(api)
        context = api.app.state.context
        async with context.database.read() as db:
            sealed = await db.get_one(Session, session["id"])
            key_id = (await db.exec(select(Customer.key_id).where(Customer.id == session["customer_id"]))).one()
        wrapped = context.keyring.store.read([bytes.fromhex(key_id)])[bytes.fromhex(key_id)].wrapped
        keyring_files = [path for path in installation.folder.iterdir() if path.name.startswith("keyring.db")]
        assert any(wrapped in path.read_bytes() for path in keyring_files), "the control: the wrapped key is there"
        gone = await api.post("/v1/customers/forget", {"email": EMAIL, "reason": "She asked for it."}, status=200)
        assert gone["proof"]
        everything = [*installation.folder.glob("tasuki.db*"), *installation.folder.glob("keyring.db*")]
        everything += stolen(installation.folder, tmp_path / "stolen")
        log = tmp_path / "log"
        log.write_text(capsys.readouterr().out)
        assert "api.request" in log.read_text()
        assert found([*everything, log], TOLD.values()) == set()
        assert not any(wrapped in path.read_bytes() for path in everything), "of the key itself nothing is left"
        with pytest.raises(KeyDestroyed):
            context.keyring.organization(sealed.organization_id).open(
                details.CUSTOMER_PURPOSE, sealed.id, sealed.customer_sealed or b""
            )
        assert EMAIL not in json.dumps(await api.get("/v1/audit-events"))
    async with running(installation) as api:
        assert (await api.get(f"/v1/sessions/{session['id']}"))["forgotten"]
    everything = [*installation.folder.glob("tasuki.db*"), *installation.folder.glob("keyring.db*")]
    assert found(everything, TOLD.values()) == set()
