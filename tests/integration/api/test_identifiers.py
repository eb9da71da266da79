"""P8: where device identifiers are not stored, no host name, MAC address or name that a machine gave itself is anywhere."""

import base64

import pytest

from tests.integration.api.device import Machine, ticket
from tests.integration.api.disk import found
from tests.integration.api.support import Api

pytestmark = pytest.mark.sqlite
HOST, MAC = "RECEPTION-PC-7731", "02:42:ac:7f:31:99"


async def named_device(api: Api) -> Machine:
    """A device that says its host name."""
    device = Machine(api)
    answer = await device.enrol(await ticket(api), name=HOST)
    assert answer.status_code == 201, answer.text
    return device


async def everything(api: Api) -> None:
    """Whatever tells the server something about a machine."""
    await named_device(api)
    public = base64.urlsafe_b64encode(Machine(api).public).rstrip(b"=").decode()
    await api.post("/v1/machines", {"name": HOST, "public_key": public, "mac": MAC})


@pytest.mark.parametrize("stored", [True, False])
async def test_nothing_that_identifies_a_machine_is_stored(api: Api, stored: bool) -> None:
    policy = await api.post("/v1/policies", {"name": "P", "members": {"store_device_identifiers": stored}})
    patched = await api.http.patch("/v1/organization", json={"policy_id": policy["id"]}, headers=api.alice.headers)
    assert patched.status_code == 200
    await everything(api)
    [device] = (await api.get("/v1/devices"))["items"]
    [machine] = (await api.get("/v1/machines"))["items"]
    hits = {value for _, value in found(api.folder.glob("tasuki.db*"), [HOST, MAC])}
    if stored:
        assert (device["name"], machine["name"], machine["mac"]) == (HOST, HOST, MAC)
        assert hits == {HOST, MAC}, "the control"
    else:
        assert device["name"].startswith("Device ")
        assert (machine["name"].startswith("Machine "), machine["mac"]) == (True, None)
        assert hits == set()
        log = await api.http.get("/v1/audit-events", headers=api.alice.headers)
        assert HOST not in log.text
        assert MAC not in log.text


async def test_people_may_give_a_device_a_name_of_their_own(api: Api) -> None:
    policy = await api.post("/v1/policies", {"name": "P", "members": {"store_device_identifiers": False}})
    await api.http.patch("/v1/organization", json={"policy_id": policy["id"]}, headers=api.alice.headers)
    device = await named_device(api)
    patched = await api.http.patch(f"/v1/devices/{device.id}", json={"name": "Front desk"}, headers=api.alice.headers)
    assert patched.json()["name"] == "Front desk"
