"""A device without a screen: its key, its proofs and its calls, as the agent makes them."""

from dataclasses import dataclass, field
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.integration.api.support import Api, Person
from wire import devices


@dataclass
class Machine:
    """A machine with a key, enrolled or not."""

    api: Api
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    id: str = ""
    token: str = ""

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def enrolment(self, token: str, **more: Any) -> dict[str, Any]:
        """The body of an enrolment."""
        signature = self.key.sign(devices.enrolment(token, self.public))
        body = {"token": token, "public_key": self.public.hex(), "signature": signature.hex(), "name": "Reception"}
        return body | more

    async def enrol(self, token: str, **more: Any) -> httpx.Response:
        answer = await self.api.http.post("/v1/devices/enrol", json=self.enrolment(token, **more))
        if answer.status_code == 201:
            self.id = answer.json()["device_id"]
        return answer

    async def challenge(self, device_id: str | None = None) -> str:
        body = {"device_id": device_id or self.id}
        return str((await self.api.post("/v1/devices/challenge", body, status=200))["challenge"])

    def proof(self, challenge: str, device_id: str | None = None) -> dict[str, Any]:
        who = device_id or self.id
        signature = self.key.sign(devices.proof(who, challenge)).hex()
        return {"device_id": who, "challenge": challenge, "signature": signature}

    async def prove(self, device_id: str | None = None) -> httpx.Response:
        body = self.proof(await self.challenge(device_id), device_id)
        answer = await self.api.http.post("/v1/devices/token", json=body)
        if answer.status_code == 200:
            self.token = answer.json()["access_token"]
        return answer

    async def wait(self, seconds: int = 0) -> httpx.Response:
        return await self.api.http.get("/v1/devices/me/wait", params={"wait": seconds}, headers=self.headers)

    async def say(self, **about: Any) -> httpx.Response:
        return await self.api.http.put("/v1/devices/me", json=about, headers=self.headers)

    async def take_up(self, session_id: str) -> httpx.Response:
        return await self.api.http.post(f"/v1/devices/me/sessions/{session_id}/join", headers=self.headers)


async def ticket(api: Api, person: Person | None = None, **body: Any) -> str:
    """A new enrolment token."""
    made = await api.post("/v1/device-enrolments", {"name": "Branch", **body}, person)
    return str(made["token"])


async def enrolled(api: Api, person: Person | None = None, online: bool = True, **body: Any) -> Machine:
    """A device that has proved itself, and is online."""
    machine = Machine(api)
    answer = await machine.enrol(await ticket(api, person, **body))
    assert answer.status_code == 201, answer.text
    assert (await machine.prove()).status_code == 200
    if online:
        assert (await machine.wait()).status_code == 200
    return machine
