"""What in the history has to be opened: nothing, once the customer is forgotten."""

import json
from collections.abc import Sequence
from typing import Any

from api.events.models import Event
from api.events.service import opened
from api.kit.sealing import KeyDestroyed, Sealer
from api.reports.schemas import FileRecord
from api.sessions import details


def customer(sealer: Sealer, session_id: str, sealed: bytes | None) -> dict[str, Any]:
    """Name and e-mail address as far as they are known."""
    text = words(sealer, details.CUSTOMER_PURPOSE, session_id, sealed)
    return {} if text is None else dict(json.loads(text))


def words(sealer: Sealer, purpose: str, session_id: str, sealed: bytes | None) -> str | None:
    """Something that was written about a session."""
    try:
        return None if sealed is None else sealer.open(purpose, session_id, sealed).decode()
    except KeyDestroyed:
        return None


def files(sealer: Sealer, moved: Sequence[Event]) -> dict[str, list[FileRecord]]:
    """Files by session, from their events."""
    found: dict[str, list[FileRecord]] = {}
    for event in moved:
        about = opened(sealer, event)
        if about:
            found.setdefault(event.session_id, []).append(FileRecord(time=event.time, **about))
    return found
