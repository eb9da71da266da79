"""Connecting to an enrolled device, for `tasuki view --device`."""

import secrets
from pathlib import Path
from typing import Any

from agent.api_client import ApiClient
from agent.commands.output import CommandError
from agent.commands.store import SessionSecrets, signed_in
from agent.device.identity import parse_access_key


async def connected(device: str, mode: str, access_key_file: Path | None, server: str | None) -> str:
    """The id of a new session with a device, named by its id or its name.

    The access key stays on this machine, with the session's other secrets: it takes the place of a link's secret.
    """
    key = None if access_key_file is None else _access_key(access_key_file)
    async with await signed_in(server) as api:
        found = await _found(api, device)
        if key is None and found["effective_consent"] != "ask":
            raise CommandError("this device wants its access key; give it with --access-key-file")
        path = f"/v1/devices/{found['id']}/sessions"
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        session = str((await api.post(path, {"mode": mode}, headers=headers))["id"])
    if key is not None:
        SessionSecrets(session).put("link", key)
    return session


def _access_key(file: Path) -> bytes:
    try:
        return parse_access_key(file.read_text())
    except (OSError, ValueError) as error:
        raise CommandError(f"{file}: {error}") from error


async def _found(api: ApiClient, device: str) -> dict[str, Any]:
    if device.startswith("dev_"):
        return await api.get(f"/v1/devices/{device}")
    page = await api.get("/v1/devices", q=device, limit=100)
    named = [one for one in page["items"] if one["name"].casefold() == device.casefold()]
    if len(named) == 1:
        return dict(named[0])
    if not named:
        raise CommandError(f"there is no device called {device!r} that you may see")
    raise CommandError(f"{len(named)} devices are called {device!r}; give the id (dev_…)")
