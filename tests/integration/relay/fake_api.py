"""A small real HTTP server that stands in for the api: registers relays, hands out commands, takes reports."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from wire import tokens
from wire.tokens import SigningKey

ISSUER = "http://localhost:8080"
RELAY_ID = "rel_01"
RELAY_TOKEN = "rly_test"


class FakeApi:
    """Signs tickets and answers a relay. `down` makes every answer a 503."""

    def __init__(self) -> None:
        self.key = SigningKey.generate()
        self.reports: dict[str, dict[str, Any]] = {}
        self.heartbeats: list[dict[str, Any]] = []
        self.registrations: list[dict[str, Any]] = []
        self.tombstones: list[dict[str, Any]] = []
        self.refuse_sessions: set[str] = set()
        self.down = False
        self.port = 0
        self._commands: list[dict[str, Any]] = []
        self._commanded = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._serial = 0

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def facts(self) -> list[tuple[str, int | None]]:
        """(type, sender) of every report but usage, in order."""
        return [(report["type"], report.get("sender")) for report in self.reports.values() if report["type"] != "usage"]

    def command(self, kind: str, **members: Any) -> None:
        self._commands.append({"id": len(self._commands) + 1, "type": kind, **members})
        self._commanded.set()

    def ticket(self, session: str, sender: int, **changes: Any) -> str:
        """A ticket for the host (sender 1) or a viewer; keyword arguments replace claims, None removes one."""
        return self._token(tokens.TICKET, 60, session, sender, changes)

    def resume(self, session: str, sender: int, counter: int, **changes: Any) -> str:
        claims = {"aud": [RELAY_ID, "rel_02"], "cnt": counter, **changes}
        return self._token(tokens.RESUME, 900, session, sender, claims)

    def policy(
        self,
        session: str,
        version: int,
        features: list[str],
        seconds: int | None = None,
        bytes_per_second: int | None = None,
    ) -> str:
        """What narrows a session."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": session, "sub": session, "iat": now, "exp": now + 600, "jti": f"pol_{version}"}
        limits = {"seconds": seconds, "bytes_per_second": bytes_per_second}
        return tokens.sign(self.key, tokens.POLICY, {**claims, "ver": version, "features": features, "limits": limits})

    def _token(self, typ: str, seconds: int, session: str, sender: int, changes: Mapping[str, Any]) -> str:
        self._serial += 1
        now = int(time.time())
        role, side = ("host", "customer") if sender == 1 else ("viewer", "operator")
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": RELAY_ID,
            "sub": f"par_{session}_{sender}",
            "iat": now,
            "exp": now + seconds,
            "jti": f"jti_{self._serial}",
            "sid": session,
            "snd": sender,
            "side": side,
            "role": role,
            "mode": "control",
            "features": ["chat", "file_to_customer", "clipboard_to_customer", "clipboard_from_customer"],
            "limits": {"seconds": None, "bytes_per_second": None},
            "recording": "off",
            "first": f"jti_{self._serial}",
            "org": "org_1",
            **changes,
        }
        return tokens.sign(self.key, typ, {name: value for name, value in claims.items() if value is not None})

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:] if line)
                }
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                method, target, _ = head.split("\r\n", 1)[0].split(" ")
                status, answer = await self._answer(method, target, headers, json.loads(body) if body else {})
                data = json.dumps(answer).encode()
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, method: str, target: str, headers: Mapping[str, str], body: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        if self.down:
            return 503, {}
        if headers.get("authorization") != f"Bearer {RELAY_TOKEN}":
            return 401, {"detail": "no such relay"}
        parts = urlsplit(target)
        if parts.path == "/v1/relays/register":
            self.registrations.append(body)
            return 200, self._registration()
        if parts.path == "/v1/relays/heartbeat":
            self.heartbeats.append(body)
            return 200, {}
        if parts.path == "/v1/relays/reports":
            return self._take_reports(body["reports"])
        if parts.path == "/v1/relays/commands":
            query = parse_qs(parts.query)
            after = int(query["after"][0])
            return 200, {
                "commands": await self._wait_commands(after) if int(query["wait"][0]) else self._commands[after:]
            }
        return 404, {}

    def _registration(self) -> dict[str, Any]:
        return {
            "relay_id": RELAY_ID,
            "issuer": ISSUER,
            "heartbeat_seconds": 1,
            "jwks": {"keys": [self.key.public_jwk]},
            "tombstones": self.tombstones,
        }

    def _take_reports(self, reports: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        if any(report["session_id"] in self.refuse_sessions for report in reports):
            return 422, {"detail": "no such session"}
        for report in reports:
            self.reports[report["id"]] = report
        return 200, {"accepted": len(reports)}

    async def _wait_commands(self, after: int) -> list[dict[str, Any]]:
        while len(self._commands) <= after:
            self._commanded.clear()
            await self._commanded.wait()
        return self._commands[after:]
