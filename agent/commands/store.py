"""What the operator's machine remembers: the signed-in server, and per session the secrets that never go to it."""

import base64
import json
import os
import secrets
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from agent.api_client import ApiClient, ApiError
from agent.commands.output import NOT_ALLOWED, CommandError
from agent.private_file import write

LINK_SECRET_BYTES: Final = 16
EARLY_SECONDS: Final = 30.0
"""An access token this close to its end is renewed first."""
KEPT_SECONDS: Final = 24 * 3600.0
"""Secrets of sessions that nobody ended here are forgotten after a day; a resume works for 15 minutes."""


def folder() -> Path:
    """Where this machine keeps what is its own."""
    import typer  # noqa: PLC0415

    return Path(os.environ.get("TASUKI_CONFIG_DIR") or typer.get_app_dir("tasuki"))


def read(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty when there is none."""
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


@dataclass
class Credentials:
    """One operator signed in at one server."""

    server: str
    username: str
    access_token: str
    refresh_token: str
    expires_at: float

    @classmethod
    def from_answer(cls, server: str, username: str, answer: dict[str, Any]) -> "Credentials":
        return cls(
            server, username, answer["access_token"], answer["refresh_token"], time.time() + float(answer["expires_in"])
        )

    def renew_access(self, answer: dict[str, Any]) -> "Credentials":
        """With a new access token; the refresh token stays."""
        expires_at = time.time() + float(answer["expires_in"])
        return replace(self, access_token=str(answer["access_token"]), expires_at=expires_at)

    def save(self) -> None:
        write(folder() / "credentials.json", asdict(self))

    @staticmethod
    def load() -> "Credentials | None":
        value = read(folder() / "credentials.json")
        try:
            return Credentials(**value)
        except TypeError:
            return None

    @staticmethod
    def forget() -> None:
        (folder() / "credentials.json").unlink(missing_ok=True)


class ServerNotes:
    """What is kept about a server beyond a sign-in: this machine's key there, and what makes this device known."""

    def __init__(self, server: str) -> None:
        self._server = server.rstrip("/")
        self._path = folder() / "servers.json"

    def get(self, name: str) -> Any:
        """A note; None when there is none."""
        mine = read(self._path).get(self._server)
        return mine.get(name) if isinstance(mine, dict) else None

    def put(self, name: str, value: object) -> None:
        """Keep a note."""
        whole = read(self._path)
        mine = whole.get(self._server)
        write(self._path, whole | {self._server: (mine if isinstance(mine, dict) else {}) | {name: value}})


async def signed_in(server: str | None) -> ApiClient:
    """A client for the signed-in operator (or the API key in TASUKI_API_KEY); renews the access token where needed."""
    key, saved = os.environ.get("TASUKI_API_KEY"), Credentials.load()
    if key:
        address = server or (saved.server if saved else None)
        if address is None:
            raise CommandError("which server? Give --server or set TASUKI_API_URL.")
        return ApiClient(address, token=key)
    if saved is None or (server is not None and server.rstrip("/") != saved.server.rstrip("/")):
        raise CommandError("nobody is signed in here; sign in with: tasuki login", NOT_ALLOWED)
    if time.time() > saved.expires_at - EARLY_SECONDS:
        saved = await _renewed(saved)
    return ApiClient(saved.server, token=saved.access_token)


async def _renewed(saved: Credentials) -> Credentials:
    async with ApiClient(saved.server) as api:
        try:
            answer = await api.post("/v1/auth/refresh", {"refresh_token": saved.refresh_token})
        except ApiError as error:
            if error.status in {400, 401, 403}:
                raise CommandError("you were signed out; sign in again with: tasuki login", NOT_ALLOWED) from error
            raise
    renewed = Credentials.from_answer(saved.server, saved.username, answer)
    renewed.save()
    return renewed


class SessionSecrets:
    """What this machine alone knows of a session: the join link's secret and the resume secret."""

    def __init__(self, session: str) -> None:
        if not session.replace("_", "").isalnum():
            raise CommandError(f"{session!r} is not a session id (ses_…)")
        self._path = folder() / "sessions" / f"{session}.json"
        self._value = read(self._path)

    def get(self, name: str) -> bytes | None:
        text = self._value.get(name)
        return base64.urlsafe_b64decode(text) if isinstance(text, str) else None

    def put(self, name: str, secret: bytes | None) -> None:
        if secret is None:
            self._value.pop(name, None)
        else:
            self._value[name] = base64.urlsafe_b64encode(secret).decode()
        write(self._path, self._value)
        self._forget_old()

    def resume(self) -> tuple[bytes, ...]:
        """What an earlier run may come back by, newest first."""
        kept = self._value.get("resume")
        return tuple(map(base64.urlsafe_b64decode, kept)) if isinstance(kept, list) else ()

    def keep_resume(self, secrets: tuple[bytes, ...]) -> None:
        self._value["resume"] = [base64.urlsafe_b64encode(secret).decode() for secret in secrets]
        write(self._path, self._value)

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)

    def _forget_old(self) -> None:
        for path in self._path.parent.glob("*.json"):
            if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                path.unlink(missing_ok=True)


def new_link_secret() -> bytes:
    return secrets.token_bytes(LINK_SECRET_BYTES)


def encode_link_secret(secret: bytes) -> str:
    """As it stands behind `#k=`: base64url without padding."""
    return base64.urlsafe_b64encode(secret).rstrip(b"=").decode()


def decode_link_secret(text: str) -> bytes:
    """The secret behind `#k=`; CommandError when it was cut or changed."""
    try:
        secret = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        secret = b""
    if len(secret) != LINK_SECRET_BYTES:
        raise CommandError("the link is not whole; copy all of it, up to its end, or use the code")
    return secret
