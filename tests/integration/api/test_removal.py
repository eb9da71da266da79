"""Removal of a whole organisation: keys, rows, everything; the others notice nothing, and a proof stays."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from api import admin
from api.keyring.service import Keyring
from api.kit.sealing import KeyDestroyed
from api.main import CannotStart
from api.models import metadata
from tests.integration.api.device import enrolled
from tests.integration.api.signing_in import token, with_totp
from tests.integration.api.support import PASSWORD, Api
from tests.integration.api.test_customers import HANAKO, over
from wire import tokens

pytestmark = pytest.mark.both_databases


async def remove(*more: str, confirm: str = "acme") -> dict[str, Any]:
    return await admin.run(admin.parse(["organization", "remove", "--company", "acme", "--confirm", confirm, *more]))


@pytest.fixture
def here(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands are run on this installation."""
    monkeypatch.setenv("TASUKI_DATA_DIR", str(api.folder))


async def mentions(api: Api, value: str) -> dict[str, int]:
    """In how many rows of which table something is mentioned."""
    found = {}
    async with api.app.state.context.database.read() as db:
        for table in metadata.sorted_tables:
            count = sum(value in repr(tuple(row)) for row in (await db.exec(select(table))).all())
            if count:
                found[table.name] = count
    return found


@pytest.mark.usefixtures("here")
async def test_nothing_stays_but_the_proof_and_the_others(api: Api, tmp_path: Path) -> None:
    await over(api)
    await enrolled(api)
    await with_totp(api)
    await api.later()
    await api.post("/v1/api-keys", {"name": "x", "scopes": ["me:read"]})
    await api.post("/v1/policies", {"name": "Night"})
    await api.post("/v1/organization/keys/rotate", {}, status=202)
    running_one = await api.active()
    theirs = await api.create(api.gina, customer=HANAKO)
    organization, context = (await api.get("/v1/organization"))["id"], api.app.state.context
    own = context.keyring.current(organization).id
    assert len(await mentions(api, organization)) > 12, "the control"
    gone = await remove("--out", str(tmp_path / "proof"))
    assert set(await mentions(api, organization)) == {"removed_organization"}
    left = set(await mentions(api, running_one["id"]))
    assert left <= {"relay_command", "relay_report"}, "the relays are told that it is over; both go within a day"
    assert await mentions(api, "acme") == {"removed_organization": 1}
    context.keyring.forget_opened()
    with pytest.raises(KeyDestroyed):
        context.keyring.named(organization, own)
    with pytest.raises(KeyDestroyed):
        context.keyring.organization(organization).seal("x", "x", b"x")
    assert (await api.http.get("/v1/me", headers=api.alice.headers)).status_code == 401
    assert (await token(api, "acme/bob", PASSWORD)).status_code == 401
    assert (await api.get(f"/v1/sessions/{theirs['id']}", api.gina))["customer"] == HANAKO
    keys = {key["kid"]: key for key in (await api.http.get("/.well-known/jwks.json")).json()["keys"]}
    said = tokens.verify_document((tmp_path / "proof").read_text().strip(), keys, tokens.DESTRUCTION)
    assert (said["subject"], said["company"], said["keys"]) == (organization, "acme", gone["keys"])
    assert (gone["keys"] > 64, gone["rows"] > 50) == (True, True)
    status = await admin.run(admin.parse(["keys", "status"]))
    assert status["removed"] == [{"company": "acme", "organization_id": organization, "proof": gone["proof"]}]
    again = await admin.run(admin.parse(["init", "--company", "acme", "--login", "alice"]))
    assert again["organization_id"] != organization, "the name is free again"


@pytest.mark.usefixtures("here")
async def test_what_stands_in_the_way(api: Api) -> None:
    with pytest.raises(CannotStart, match="--confirm must repeat"):
        await remove(confirm="acne")
    hold = await api.post("/v1/legal-holds", {"scope": "organization", "reason": "Court"})
    with pytest.raises(CannotStart, match="legal hold"):
        await remove()
    assert (await api.get("/v1/me"))["operator"]["login"] == "alice", "nothing has happened"
    assert (await api.http.delete(f"/v1/legal-holds/{hold['id']}", headers=api.alice.headers)).status_code == 204
    assert json.loads(json.dumps(await remove()))["company"] == "acme"
    with pytest.raises(CannotStart, match="no company"):
        await remove()


@pytest.mark.usefixtures("here")
async def test_a_removal_that_died_is_finished_by_doing_it_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await over(api)
    organization = (await api.get("/v1/organization"))["id"]

    def dies(self: Keyring, owner: str) -> int:
        raise ConnectionError("as if the process had been killed here")

    with monkeypatch.context() as patch:
        patch.setattr(Keyring, "destroy_owner", dies)
        with pytest.raises(ConnectionError):
            await remove()
    assert (await api.http.get("/v1/me", headers=api.alice.headers)).status_code == 401, "nobody gets in meanwhile"
    done = await remove()
    assert (done["organization_id"], done["keys"] > 0, bool(done["proof"])) == (organization, True, True)
    async with api.app.state.context.database.read() as db:
        count = (await db.exec(text("SELECT count(*) FROM customer"))).scalar_one()
    assert count == 0
