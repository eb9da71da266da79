"""The relay's side of the REST API: register, heartbeat, commands, reports. No decisions here."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

import httpx
from pydantic import SecretStr

from relay.settings import Settings

COMMAND_WAIT_SECONDS = 25


class ApiDown(Exception):
    """The api cannot be reached or has a fault of its own: try again."""


class ApiRefused(Exception):
    """The api answered that the request is wrong; `status` says how."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail


class ApiClient:
    """One HTTP client for all calls of this relay."""

    def __init__(self, settings: Settings, token: SecretStr, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._settings = settings
        self._http = httpx.AsyncClient(
            base_url=settings.api_url,
            headers={"Authorization": f"Bearer {token.get_secret_value()}"},
            timeout=httpx.Timeout(5.0, read=10.0),
            transport=transport,
            follow_redirects=False,
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def register(self) -> dict[str, Any]:
        """`{relay_id, issuer, heartbeat_seconds, jwks, tombstones}`."""
        body: dict[str, Any] = {"public_url": self._settings.relay_public_url, "version": own_version()}
        if self._settings.relay_region:
            body["region"] = self._settings.relay_region
        if self._settings.relay_capacity:
            body["capacity"] = self._settings.relay_capacity
        return await self._call("POST", "/v1/relays/register", json=body)

    async def heartbeat(self, sessions: int, participants: int, *, draining: bool) -> None:
        """Say that this relay lives, and how busy it is."""
        body = {"sessions": sessions, "participants": participants, "draining": draining}
        await self._call("POST", "/v1/relays/heartbeat", json=body)

    async def commands(self, after: int, wait: int = COMMAND_WAIT_SECONDS) -> list[dict[str, Any]]:
        """Commands with an id above `after`; waits so many seconds for one."""
        params = {"after": after, "wait": wait}
        timeout = httpx.Timeout(5.0, read=wait + 10.0)
        answer = await self._call("GET", "/v1/relays/commands", params=params, timeout=timeout)
        commands = answer.get("commands")
        return [command for command in commands if isinstance(command, dict)] if isinstance(commands, list) else []

    async def report(self, reports: list[dict[str, Any]]) -> None:
        """Hand over reports; the api knows by their ids which it has already."""
        await self._call("POST", "/v1/relays/reports", json={"reports": reports})

    async def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            response = await self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise ApiDown(f"{type(error).__name__} at {self._settings.api_url}") from error
        if response.is_server_error or response.status_code in {408, 429}:
            raise ApiDown(f"status {response.status_code}")
        if not response.is_success:
            raise ApiRefused(response.status_code, _detail(response))
        return _object(response)


def own_version() -> str:
    """The installed version, or `0` in a bare checkout."""
    try:
        return version("tasuki")
    except PackageNotFoundError:
        return "0"


def _object(response: httpx.Response) -> dict[str, Any]:
    if not response.content:
        return {}
    try:
        answer = response.json()
    except ValueError as error:
        raise ApiDown("an answer that is not JSON") from error
    if not isinstance(answer, dict):
        raise ApiDown("an answer that is not an object")
    return answer


def _detail(response: httpx.Response) -> str:
    try:
        problem = response.json()
    except ValueError:
        return response.reason_phrase
    return str(problem.get("detail", "")) if isinstance(problem, dict) else ""
