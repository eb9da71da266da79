"""The REST API from the agent's side: one client, problems as one exception with a sentence for people."""

import platform
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

import httpx

TIMEOUT_SECONDS: Final = 10.0
STREAM_TIMEOUT_SECONDS: Final = 120.0
"""Between two parts of a long answer."""
Json = dict[str, Any]


def _own_name() -> str:
    """What this program calls itself: on which system, and nothing that tells one machine from another of its kind."""
    return f"tasuki ({platform.system()} {platform.machine()})"


class ApiError(Exception):
    """The server said no: `slug` is stable (the end of the problem's `type`), the text says what to do."""

    def __init__(self, status: int, slug: str, detail: str, body: Json) -> None:
        super().__init__(detail)
        self.status, self.slug, self.detail, self.body = status, slug, detail, body


class ServerUnreachableError(Exception):
    """No answer from the server; nothing was changed there as far as can be told."""


class ApiClient:
    """Calls `/v1/...` of one server."""

    def __init__(
        self, base_url: str, *, token: str | None = None, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.base_url = base_url.rstrip("/")
        headers = {"User-Agent": _own_name()} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._http = httpx.AsyncClient(
            base_url=self.base_url, headers=headers, timeout=TIMEOUT_SECONDS, transport=transport
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    def use(self, token: str) -> None:
        """From now on this access token."""
        self._http.headers["Authorization"] = f"Bearer {token}"

    async def get(self, path: str, **params: str | int) -> Json:
        return await self.call("GET", path, params=params)

    async def post(
        self,
        path: str,
        body: Json | None = None,
        *,
        bearer: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Json:
        extra = dict(headers or {}) | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        return await self.call("POST", path, json=body if body is not None else {}, headers=extra)

    async def call(self, method: str, path: str, **options: Any) -> Json:
        """The JSON of the answer. Raises `ApiError` for a problem, `ServerUnreachableError` when there is no answer."""
        try:
            response = await self._http.request(method, path, **options)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise ServerUnreachableError(
                f"the server {self.base_url} does not answer ({type(error).__name__}); check the address and the network"
            ) from error
        return self._read(response)

    async def stream(self, path: str, **params: Any) -> AsyncIterator[bytes]:
        """The body of an answer, part by part. Raises as `call` does, also when it is cut off in the middle."""
        try:
            async with self._http.stream("GET", path, params=params, timeout=STREAM_TIMEOUT_SECONDS) as response:
                if not response.is_success:
                    await response.aread()
                    self._read(response)
                async for part in response.aiter_bytes():
                    yield part
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise ServerUnreachableError(
                f"the server {self.base_url} does not answer, or stopped in the middle ({type(error).__name__}); try again"
            ) from error

    def _read(self, response: httpx.Response) -> Json:
        try:
            body = response.json() if response.content else {}
        except ValueError:
            body = {}
        if response.is_success and isinstance(body, dict):
            return body
        if not isinstance(body, dict) or "type" not in body:
            detail = f"{self.base_url} answered {response.status_code} and is perhaps no Tasuki server"
            raise ApiError(response.status_code, "not-tasuki", detail, {})
        slug = str(body["type"]).rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]
        detail = str(body.get("detail") or body.get("title") or response.status_code)
        raise ApiError(response.status_code, slug, detail, body)
