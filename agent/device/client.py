"""The device's calls to its server. It proves itself anew whenever its short token has ended."""

from typing import Any, Final

from agent.api_client import ApiClient, ApiError, Json
from agent.device.identity import Identity
from wire import devices

WAIT_SECONDS: Final = 25
ANSWER_SECONDS: Final = 10.0
"""What the network may take beside the wait."""


class WipedError(Exception):
    """The server refuses this key for ever; delete it."""


class DeviceClient:
    """`/v1/devices/me` for one identity."""

    def __init__(self, api: ApiClient, identity: Identity) -> None:
        self._api, self._identity = api, identity
        self._token: str | None = None

    async def report(self, platform: str, version: str) -> Json:
        """Say what this machine is and what its administrator allowed."""
        body = {"platform": platform[:60], "version": version[:60], "unattended": self._identity.unattended}
        return await self._call("PUT", "/v1/devices/me", json=body)

    async def wait(self) -> Json:
        """Sessions that operators want with this device, as soon as there are some; else nothing, after a while."""
        limit = WAIT_SECONDS + ANSWER_SECONDS
        return await self._call("GET", "/v1/devices/me/wait", params={"wait": WAIT_SECONDS}, timeout=limit)

    async def take_up(self, session: str, key: str) -> Json:
        """Become the host of a session; `key` makes a lost answer come again."""
        headers = {"Idempotency-Key": key}
        return await self._call("POST", f"/v1/devices/me/sessions/{session}/join", json={}, headers=headers)

    async def forget(self) -> None:
        """End the enrolment at the server."""
        await self._call("DELETE", "/v1/devices/me")

    async def _call(self, method: str, path: str, **options: Any) -> Json:
        try:
            if self._token is not None:
                try:
                    return await self._authorized(method, path, self._token, **options)
                except ApiError as error:
                    if error.status != 401:
                        raise
            self._token = await self._prove()
            return await self._authorized(method, path, self._token, **options)
        except ApiError as error:
            if error.slug == "device-wiped":
                raise WipedError(error.detail) from error
            raise

    async def _authorized(self, method: str, path: str, token: str, **options: Any) -> Json:
        headers = {**options.pop("headers", {}), "Authorization": f"Bearer {token}"}
        return await self._api.call(method, path, headers=headers, **options)

    async def _prove(self) -> str:
        """A fresh challenge, signed, for a token."""
        who = {"device_id": self._identity.device_id}
        challenge = str((await self._api.post("/v1/devices/challenge", who))["challenge"])
        signature = self._identity.sign(devices.proof(self._identity.device_id, challenge))
        answer = await self._api.post("/v1/devices/token", who | {"challenge": challenge, "signature": signature})
        return str(answer["access_token"])
