"""What a host must still know after its process died, for 15 minutes, in a file that only its owner can read (protocol 9).

Written only once somebody was accepted, and erased when the session ends: a code that was never accepted leaves nothing. The
counter of epochs and associations is on disk before a number of it is used, so no key is ever made twice.
"""

import base64
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from agent import private_file
from agent.host.consent import KeptConsent
from wire.limits import RESUME_SECONDS
from wire.messages.chat import Line

FILE_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class KeptViewer:
    """A viewer that was accepted: the secrets by which it may resume, newest first, and when it was heard last."""

    sender: int
    secrets: list[bytes]
    seen: float
    name: str


@dataclass(frozen=True, slots=True)
class Kept:
    """One session; times are seconds of the clock that the host runs on."""

    consent: KeptConsent
    viewers: list[KeptViewer]
    lines: list[Line]
    accepted_at: float


class HostFile:
    """The file of one session. `seat` is whatever the caller needs to take its seat again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._number = 0
        self._written: dict[str, Any] = {}

    def count(self) -> int:
        """The next number for an epoch or association: stored before it is given out, once anything is stored."""
        self._number += 1
        if self._written:
            self._write(self._written | {"counter": self._number})
        return self._number

    def save(self, seat: dict[str, Any], kept: Kept, now: float) -> None:
        """Store everything; `now` is the host's clock at this moment."""
        self._write(
            {
                "version": FILE_VERSION,
                "saved": time.time(),
                "counter": self._number,
                "seat": seat,
                "consent": asdict(kept.consent),
                "accepted": now - kept.accepted_at,
                "lines": [asdict(line) for line in kept.lines],
                "viewers": [
                    {
                        "sender": viewer.sender,
                        "secrets": [base64.b64encode(secret).decode() for secret in viewer.secrets],
                        "quiet": now - viewer.seen,
                        "name": viewer.name,
                    }
                    for viewer in kept.viewers
                ],
            }
        )

    def load(self, now: float) -> tuple[dict[str, Any], Kept] | None:
        """`(seat, what was kept)`, or None when there is nothing to come back to (any more)."""
        try:
            value = json.loads(self.path.read_text())
            away = time.time() - value["saved"]
            if value["version"] != FILE_VERSION or not 0 <= away < RESUME_SECONDS:
                return None
            consent = value["consent"]
            kept = Kept(
                KeptConsent(
                    str(consent["state"]),
                    {int(viewer): list(grants) for viewer, grants in consent["viewers"].items()},
                    list(consent["withheld"]),
                    int(consent["suspensions"]),
                ),
                [
                    KeptViewer(
                        int(viewer["sender"]),
                        [base64.b64decode(secret) for secret in viewer["secrets"]],
                        now - away - float(viewer["quiet"]),
                        str(viewer["name"]),
                    )
                    for viewer in value["viewers"]
                ],
                [Line(**line) for line in value["lines"]],
                now - away - float(value["accepted"]),
            )
            self._number, self._written = int(value["counter"]), value
            return dict(value["seat"]), kept
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def erase(self) -> None:
        """The session is over: nothing of it stays."""
        self._written = {}
        self.path.unlink(missing_ok=True)

    def _write(self, value: dict[str, Any]) -> None:
        private_file.write(self.path, value, durable=True)
        self._written = value


def unfinished(folder: Path) -> list[Path]:
    """Files of sessions that can still be come back to, newest first; older ones are erased."""
    found = []
    for path in folder.glob("*.json"):
        try:
            age = time.time() - path.stat().st_mtime
        except OSError:
            continue
        if age < RESUME_SECONDS:
            found.append((age, path))
        else:
            path.unlink(missing_ok=True)
    return [path for _, path in sorted(found)]
