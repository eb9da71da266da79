"""Keys are replaced while everything runs: nothing becomes unreadable, and in the end nothing is under an old key."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import LargeBinary
from sqlmodel import select

from api import admin, audit
from api.customers.models import Customer
from api.keyring.service import SERVER
from api.kit.sealing import KeyDestroyed, key_id_of
from api.models import metadata
from api.rotations import repository, service
from api.rotations.columns import TABLES
from api.rotations.models import RetiredKey
from api.sessions.models import Session
from tests.integration.api.signing_in import pending, verify, with_totp
from tests.integration.api.support import Api, problem
from tests.integration.api.test_customers import HANAKO, over

pytestmark = pytest.mark.both_databases


@pytest.mark.sqlite
def test_every_sealed_column_can_be_sealed_anew() -> None:
    known = {(table.name, column) for table in TABLES for column in table.columns}
    sealed = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary) and column.name.endswith("sealed")
    }
    assert known == sealed


async def held(api: Api) -> dict[str, set[str]]:
    """Under which keys values are sealed, by column."""
    found: dict[str, set[str]] = {}
    async with api.app.state.context.database.read() as db:
        for table in TABLES:
            for row in (await db.exec(select(table.model))).all():
                for column in table.columns:
                    value = getattr(row, column)
                    if value:
                        found.setdefault(f"{table.name}.{column}", set()).add(key_id_of(value).hex())
    return found


async def finished(api: Api, owner: str) -> dict[str, Any]:
    """Upkeep goes on until the rotation is through; the time that things take to settle passes."""
    context = api.app.state.context
    for _ in range(200):
        await service.tend(context)
        async with context.database.read() as db:
            newest = await repository.newest(db, owner)
        assert newest is not None
        if newest.finished_at is not None:
            return service.shown(newest).model_dump()
        api.clock.advance(seconds=30)
    raise AssertionError("the rotation does not end")


async def told(api: Api, path: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What is sealed of a session, opened, and its events."""
    view, events = await api.get(path), (await api.get(f"{path}/events"))["items"]
    names = ("customer", "purpose", "metadata", "reference", "reason", "closing_reason", "note", "notes")
    return {name: view[name] for name in names}, events


async def test_all_kinds_of_keys_while_requests_run(api: Api) -> None:
    context = api.app.state.context
    organization = (await api.get("/v1/organization"))["id"]
    session = await over(api)
    await api.post("/v1/integrations", {"name": "x", "operator_id": api.alice.id})
    totp, _ = await with_totp(api)
    path = f"/v1/sessions/{session['id']}"
    before = await told(api, path)
    log = await api.get("/v1/audit-events", target_id=session["id"])
    old = await held(api)
    stop = asyncio.Event()

    async def busy() -> int:
        made = 0
        while not stop.is_set():
            one = await api.create(
                customer={"name": f"C {made}", "email": f"c{made % 3}@example.jp"}, metadata={"n": 1}
            )
            made += 1
            assert (await api.get(path))["customer"] == HANAKO
            await api.post(f"/v1/sessions/{one['id']}/end", {"note": "Done with it."}, status=200)
            await asyncio.sleep(0)
        return made

    working = asyncio.create_task(busy())
    started = await api.post("/v1/organization/keys/rotate", {"customers_keys": True}, status=202)
    assert (started["step"], started["finished_at"]) == ("customers", None)
    twice = await api.http.post("/v1/organization/keys/rotate", json={}, headers=api.alice.headers)
    problem(twice, 409, "conflict")
    done = await finished(api, organization)
    context.keyring.rotate_master()
    async with context.database.write() as db:
        await service.start(db, context, audit.SYSTEM, SERVER)
    await finished(api, SERVER)
    stop.set()
    assert await working > 0
    assert (done["step"], (await api.get("/v1/organization/keys"))["rotation"]["step"]) == ("done", "done")
    assert done["keys_destroyed"] >= 2
    now = await held(api)
    for column, keys in old.items():
        if not column.startswith(("audit_event.", "sign_in.")):  # globex has its lines and sign-ins, and its key
            assert not keys & now[column], f"{column} is still under an old key"
    async with context.database.read() as db:
        retired = (await db.exec(select(RetiredKey))).all()
        current = {row.key_id for row in (await db.exec(select(Customer))).all()}
    assert all(row.destroyed_at for row in retired)
    gone = {row.id for row in retired}
    assert not gone & current
    assert not gone & {key for keys in now.values() for key in keys}
    for row in retired:
        with pytest.raises(KeyDestroyed):
            context.keyring.named(row.owner, bytes.fromhex(row.id))
    now_told = await told(api, path)
    assert (now_told[0], now_told[1][: len(before[1])]) == before
    assert await api.get("/v1/audit-events", target_id=session["id"]) == log
    api.clock.advance(minutes=2)
    code = totp.at(api.clock.now())
    assert (await verify(api, await pending(api), "totp", code)).status_code == 200


async def test_a_forgotten_customer_stays_forgotten(api: Api) -> None:
    session = await over(api)
    organization = (await api.get("/v1/organization"))["id"]
    await api.post("/v1/customers/forget", {"email": HANAKO["email"], "reason": "x"}, status=200)
    await api.post("/v1/organization/keys/rotate", {"customers_keys": True}, status=202)
    await finished(api, organization)
    assert (await api.get(f"/v1/sessions/{session['id']}"))["forgotten"]
    assert (await api.get("/v1/customers"))["items"][0]["proof"]


async def test_who_is_forgotten_after_a_rotation_is_forgotten_under_all_keys(api: Api) -> None:
    """The key of before is destroyed too, though the rotation has not come so far."""
    await over(api)
    context = api.app.state.context
    async with context.database.read() as db:
        [customer] = [row for row in (await db.exec(select(Customer))).all() if row.lookup]
    rotation = await api.post(
        "/v1/organization/keys/rotate", {"customers_keys": True, "organization_key": False}, status=202
    )
    await service.step(context, rotation["id"])
    await api.post("/v1/customers/forget", {"email": HANAKO["email"], "reason": "x"}, status=200)
    with pytest.raises(KeyDestroyed):
        context.keyring.named(customer.organization_id, bytes.fromhex(customer.key_id))


async def test_a_rotation_goes_on_though_somebody_is_forgotten_in_the_middle_of_it(api: Api) -> None:
    """What is still sealed under the key of before cannot be sealed anew any more, and need not be."""
    await over(api)
    organization = (await api.get("/v1/organization"))["id"]
    rotation = await api.post("/v1/organization/keys/rotate", {"customers_keys": True}, status=202)
    context = api.app.state.context
    for _ in range(20):
        await service.step(context, rotation["id"])
        if (await api.get("/v1/organization/keys"))["rotation"]["step"] == "sealing":
            break
    await api.post("/v1/customers/forget", {"email": HANAKO["email"], "reason": "x"}, status=200)
    assert (await finished(api, organization))["step"] == "done"


async def test_one_rotation_that_cannot_go_on_holds_up_no_other(api: Api) -> None:
    """An organisation whose removal died after its keys were destroyed."""
    organizations = [(await api.get("/v1/organization", who))["id"] for who in (api.gina, api.alice)]
    for who in (api.gina, api.alice):
        await api.post("/v1/organization/keys/rotate", {"customers_keys": True}, who, status=202)
    api.app.state.context.keyring.destroy_owner(organizations[0])
    assert (await finished(api, organizations[1]))["step"] == "done"


async def test_a_rotation_goes_on_past_a_value_that_was_changed_from_outside(api: Api) -> None:
    session = await over(api)
    organization = (await api.get("/v1/organization"))["id"]
    context = api.app.state.context
    async with context.database.write() as db:
        row = await db.get(Session, session["id"])
        assert row is not None
        assert row.purpose_sealed is not None
        row.purpose_sealed = row.purpose_sealed[:-1] + bytes([row.purpose_sealed[-1] ^ 1])
        db.add(row)
    await api.post("/v1/organization/keys/rotate", {"customers_keys": True}, status=202)
    assert (await finished(api, organization))["step"] == "done"
    [customer] = (await api.get("/v1/customers", email=HANAKO["email"]))["items"]
    assert customer["name"] == HANAKO["name"], "everything else is there"


@pytest.mark.sqlite
async def test_the_master_key_by_the_command_and_on_two_machines(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TASUKI_DATA_DIR", str(api.folder))
    session, file = await over(api), api.folder / "master.key"
    first = file.read_text()
    await admin.run(admin.parse(["keys", "rotate", "--prepare-master"]))
    both = file.read_text()
    assert (both.startswith(first), len(both.split())) == (True, 2)
    done = await admin.run(admin.parse(["keys", "rotate", "--master"]))
    assert (file.read_text(), done["wrapped"] >= 4) == (both.removeprefix(first), True)
    api.app.state.context.keyring.forget_opened()
    assert (await api.get(f"/v1/sessions/{session['id']}"))["customer"] == HANAKO, (
        "the running api reads the file again"
    )
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    status = await admin.run(admin.parse(["keys", "status"]))
    assert (status["keys"] > 60, status["rotations"]) == (True, {})
