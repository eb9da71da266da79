"""This computer as a registered machine: a key per server, kept for its user only, and its proof at each sign-in."""

import base64
import hashlib
import platform
import uuid
from dataclasses import dataclass
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from agent.api_client import ApiClient
from agent.commands.store import ServerNotes

CONTEXT = b"tasuki machine 1"
MULTICAST = 1 << 40
"""In what `uuid.getnode` gives when it found no address and made one up."""


@dataclass(frozen=True)
class Machine:
    """The key of this computer for one server, and the id it is registered under there."""

    id: str | None
    key: Ed25519PrivateKey

    @classmethod
    def load(cls, server: str) -> Self | None:
        """The machine as it was registered at `server`; None when it never was."""
        saved = ServerNotes(server).get("machine")
        if not isinstance(saved, dict):
            return None
        return cls(saved.get("id"), Ed25519PrivateKey.from_private_bytes(_unb64(str(saved["key"]))))

    @classmethod
    def load_or_make(cls, server: str) -> Self:
        """The same, with a new key when there is none."""
        return cls.load(server) or cls(None, Ed25519PrivateKey.generate())

    def save(self, server: str, machine_id: str) -> None:
        """Remember the key and its id, mode 0600."""
        raw = self.key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        ServerNotes(server).put("machine", {"id": machine_id, "key": _b64(raw)})

    @property
    def public(self) -> bytes:
        """The 32 bytes that are registered."""
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def fingerprint(self) -> str:
        """What the administrator compares before approving."""
        return hashlib.sha256(self.public).digest()[:8].hex(":")

    async def register(self, api: ApiClient, server: str, bearer: str) -> dict[str, Any]:
        """Ask for this computer to be registered, and remember it."""
        body = {"name": platform.node()[:100] or "computer", "public_key": _b64(self.public)}
        mac = own_mac()
        made = await api.post("/v1/machines", body | ({"mac": mac} if mac else {}), bearer=bearer)
        self.save(server, str(made["id"]))
        return made

    async def prove(self, api: ApiClient, username: str) -> dict[str, str]:
        """The proof for one sign-in, as `POST /v1/auth/password` takes it."""
        given = await api.post("/v1/auth/machine-challenge", {"machine_id": self.id})
        parts = (CONTEXT, _unb64(given["nonce"]), username.strip().lower().encode())
        message = b"".join(len(part).to_bytes(2, "big") + part for part in parts)
        signature = _b64(self.key.sign(message))
        return {"machine_id": str(self.id), "challenge_id": given["challenge_id"], "signature": signature}


def own_mac() -> str | None:
    """The address of a network card of this computer; None when the system tells none."""
    node = uuid.getnode()
    return None if node & MULTICAST else node.to_bytes(6, "big").hex(":")


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
