"""What a customer who looks on must still know after their process was killed, for 15 minutes (docs/protocol.md 9).

Written once the operator's side welcomed them, in a file that only its owner reads, and erased when the session is over.
"""

import base64
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent import private_file
from wire.limits import RESUME_SECONDS

FILE_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class KeptViewer:
    """One seat, as `Seat.keep_as` gives it, with the secrets to resume by, newest first."""

    seat: dict[str, Any]
    secrets: tuple[bytes, ...]
    server: str
    lang: str


class ViewerFile:
    """The file of one session; beside those of hosts, and none of them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, kept: KeptViewer) -> None:
        """On the disk before anything leaves under the keys that it is about."""
        value = {
            "version": FILE_VERSION,
            "kind": "viewer",
            "saved": time.time(),
            "seat": kept.seat,
            "secrets": [base64.b64encode(secret).decode() for secret in kept.secrets],
            "server": kept.server,
            "lang": kept.lang,
        }
        private_file.write(self.path, value, durable=True)

    def load(self) -> KeptViewer | None:
        """What was kept, or None when there is nothing (any more) to come back to."""
        try:
            value = json.loads(self.path.read_text())
            away = time.time() - value["saved"]
            if (value["version"], value["kind"]) != (FILE_VERSION, "viewer") or not 0 <= away < RESUME_SECONDS:
                return None
            secrets = tuple(base64.b64decode(secret) for secret in value["secrets"])
            return KeptViewer(dict(value["seat"]), secrets, str(value["server"]), str(value["lang"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def erase(self) -> None:
        """The session is over: nothing of it stays."""
        self.path.unlink(missing_ok=True)
