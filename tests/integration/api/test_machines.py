"""Registered machines: a key that is proved at each sign-in, approved by an administrator, and required where that is set."""

import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.integration.api.signing_in import actions, post, signed_in, token
from tests.integration.api.support import Api, Person, problem


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Computer:
    """A machine with a key, as docs/signing-in.md says it signs."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.raw = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = ""

    def sign(self, nonce: bytes, username: str) -> str:
        parts = (b"tasuki machine 1", nonce, username.encode())
        return b64(self.key.sign(b"".join(len(part).to_bytes(2, "big") + part for part in parts)))

    async def register(self, api: Api, bearer: str, **more: Any) -> Any:
        body = {"name": "laptop", "public_key": b64(self.raw), **more}
        answer = await api.http.post("/v1/machines", json=body, headers={"Authorization": f"Bearer {bearer}"})
        self.id = answer.json().get("id", "")
        return answer

    async def proof(self, api: Api, username: str = "acme/bob") -> dict[str, str]:
        given = (await post(api, "machine-challenge", machine_id=self.id)).json()
        nonce = base64.urlsafe_b64decode(given["nonce"] + "==")
        return {
            "machine_id": self.id,
            "machine_challenge_id": given["challenge_id"],
            "machine_signature": self.sign(nonce, username),
        }


async def require(api: Api, **settings: Any) -> Any:
    body = {"settings": settings or {"machines": "required"}}
    return await api.http.patch("/v1/organization", json=body, headers=api.alice.headers)


async def approve(api: Api, machine_id: str, approved: bool = True, person: Person | None = None) -> Any:
    headers = (person or api.alice).headers
    return await api.http.patch(f"/v1/machines/{machine_id}", json={"approved": approved}, headers=headers)


@pytest.fixture
async def locked_down(api: Api) -> Api:
    """Acme lets only registered machines in; Alice is at one."""
    hers = Computer()
    await hers.register(api, api.alice.access_token)
    assert (await approve(api, hers.id)).status_code == 200
    alice = signed_in(api.alice, await token(api, "acme/alice", form=await hers.proof(api, "acme/alice")))
    api.alice = alice
    assert (await require(api)).status_code == 200
    return api


async def test_from_the_first_refusal_to_an_approved_machine(locked_down: Api) -> None:
    api, mine = locked_down, Computer()
    refused = problem(await token(api), 403, "machine-required")
    assert "tasuki login --register-machine" in refused["detail"]
    waiting = refused["mfa_token"]
    problem(await api.http.get("/v1/me", headers={"Authorization": f"Bearer {waiting}"}), 401, "token-refused")
    made = await mine.register(api, waiting)
    assert made.status_code == 201, made.text
    assert made.json()["approved"] is False
    assert made.json()["fingerprint"] == hashlib.sha256(mine.raw).digest()[:8].hex(":")
    assert (await mine.register(api, waiting)).json()["id"] == mine.id, "the same key is the same machine"
    problem(await token(api, form=await mine.proof(api)), 403, "machine-required")
    problem(await approve(api, mine.id, person=api.bob), 403, "scope-missing")
    assert (await approve(api, mine.id)).json()["approved"] is True
    bob = signed_in(api.bob, await token(api, form=await mine.proof(api)))
    [current] = [row for row in (await api.get("/v1/me/sign-ins", bob))["items"] if row["current"]]
    assert current["machine_id"] == mine.id
    assert {"machine.registered", "machine.approved"} <= set(await actions(api))
    assert (await approve(api, mine.id, approved=False)).status_code == 200
    problem(await api.http.get("/v1/me", headers=bob.headers), 401, "token-refused")


async def test_only_the_machine_itself_proves_it_replay_evil(locked_down: Api) -> None:
    api, mine, other = locked_down, Computer(), Computer()
    waiting = problem(await token(api), 403, "machine-required")["mfa_token"]
    for computer in (mine, other):
        await computer.register(api, waiting)
    await approve(api, mine.id)
    used = await mine.proof(api)
    assert (await token(api, form=used)).status_code == 200
    garbage, moved = await mine.proof(api), await mine.proof(api)
    others_name = await mine.proof(api, "acme/alice")
    other.id, unapproved = mine.id, other.id
    others_key = await other.proof(api)
    faults = {
        "replay": used,
        "garbage": garbage | {"machine_signature": "A" * 86},
        "another machine's": moved | {"machine_id": unapproved},
        "signed for somebody else": others_name,
        "signed with another key": others_key,
        "no signature": {"machine_id": mine.id},
    }
    for fault, proof in faults.items():
        refused = await token(api, form=proof)
        assert refused.json().get("slug") == "machine-required", fault
    late = await mine.proof(api)
    api.clock.advance(minutes=5, seconds=1)
    problem(await token(api, form=late), 403, "machine-required")


async def test_nobody_locks_everybody_out(api: Api) -> None:
    """Machines are required only by somebody who is at an approved one."""
    refused = problem(await require(api), 409, "conflict")
    assert "register" in refused["detail"]


async def test_who_sees_and_removes_which(api: Api) -> None:
    bobs, alices = Computer(), Computer()
    await bobs.register(api, api.bob.access_token, mac="02-42-AC-11-00-02")
    await alices.register(api, api.alice.access_token)
    assert [row["id"] for row in (await api.get("/v1/machines", api.bob))["items"]] == [bobs.id]
    assert len((await api.get("/v1/machines"))["items"]) == 2
    assert (await api.get("/v1/machines", operator_id=api.bob.id))["items"][0]["mac"] == "02-42-ac-11-00-02"
    assert (await api.get("/v1/machines", api.gina))["items"] == []
    for person, status in ((api.gina, 404), (api.bob, 404)):
        gone = await api.http.delete(f"/v1/machines/{alices.id}", headers=person.headers)
        problem(gone, status, "not-found")
    assert (await api.http.delete(f"/v1/machines/{bobs.id}", headers=api.alice.headers)).status_code == 204


@pytest.mark.rule("R35")
async def test_the_mac_address_is_a_label_that_may_be_asked_for_and_proves_nothing(api: Api) -> None:
    await require(api, mac_required=True)
    mine = Computer()
    problem(await mine.register(api, api.bob.access_token), 422, "invalid")
    assert (await mine.register(api, api.bob.access_token, mac="02:42:ac:11:00:02")).status_code == 201
    impostor = Computer()
    await impostor.register(api, api.bob.access_token, mac="02:42:ac:11:00:02")
    await approve(api, mine.id)
    impostor.id = mine.id
    answer = await token(api, form=await impostor.proof(api))
    bob = signed_in(api.bob, answer)
    [current] = [row for row in (await api.get("/v1/me/sign-ins", bob))["items"] if row["current"]]
    assert current["machine_id"] is None


async def test_ten_machines_and_no_more(api: Api) -> None:
    for _ in range(10):
        assert (await Computer().register(api, api.bob.access_token)).status_code == 201
    problem(await Computer().register(api, api.bob.access_token), 409, "conflict")


async def test_the_console_is_opened_from_a_registered_machine_replay(locked_down: Api) -> None:
    """A browser cannot prove its machine: it inherits what the terminal has proved, once."""
    api = locked_down
    link = await api.post("/v1/auth/console-link", person=api.alice, status=200)
    where, _, secret = link["url"].partition("#enter=")
    assert where == "http://localhost:8080/console"
    browser = signed_in(api.alice, await post(api, "console", secret=secret))
    [row] = [row for row in (await api.get("/v1/me/sign-ins", browser))["items"] if row["current"]]
    assert row["machine_id"] is not None
    problem(await post(api, "console", secret=secret), 401, "sign-in-failed")
    late = await api.post("/v1/auth/console-link", person=api.alice, status=200)
    api.clock.advance(minutes=1, seconds=1)
    problem(await post(api, "console", secret=late["url"].partition("#enter=")[2]), 401, "sign-in-failed")
