"""A receipt with everything in it, for whoever shows, checks or changes one."""

from copy import deepcopy
from typing import Any

_RECEIPT: dict[str, Any] = {
    "version": 1,
    "issuer": "https://help.example.com",
    "issued_at": "2026-12-01T09:23:12Z",
    "session_id": "ses_01KAH2V5QJ6T8N3W9XZB4C7D0E",
    "statement_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "server": {
        "organisation": {"id": "org_01KAH2V5QJ6T8N3W9XZB4C7D0E", "name": "Acme Support"},
        "asked_by": {"id": "opr_01KAH2V5QJ6T8N3W9XZB4C7D0E", "name": "Alice Example", "verified": "passkey"},
        "customer": {"name": "山田 花子"},
        "reference": {"system": "zendesk", "id": "4711"},
        "device": None,
        "mode": "control",
        "features": ["chat"],
        "recording": "off",
        "created_at": "2026-12-01T09:00:00Z",
        "claimed_at": "2026-12-01T09:01:30Z",
        "started_at": "2026-12-01T09:02:10Z",
        "ended_at": "2026-12-01T09:23:10Z",
        "seconds": 1260,
        "outcome": "ended",
        "ended_by": "customer",
        "reason": "ended",
        "people": [
            {
                "sender": 1, "side": "customer", "role": "host", "guest": False, "operator": None, "mode": "control",
                "joined_at": "2026-12-01T09:01:32Z", "admitted_at": None, "left_at": "2026-12-01T09:23:11Z",
                "removed_at": None, "bytes_sent": 4_711_000, "bytes_received": 18_231,
            },
            {
                "sender": 2, "side": "operator", "role": "viewer", "guest": False,
                "operator": {"id": "opr_01KAH2V5QJ6T8N3W9XZB4C7D0E", "name": "Alice Example"}, "mode": "control",
                "joined_at": "2026-12-01T09:01:40Z", "admitted_at": "2026-12-01T09:02:10Z",
                "left_at": "2026-12-01T09:23:11Z", "removed_at": None,
                "bytes_sent": 18_231, "bytes_received": 4_711_000,
            },
            {
                "sender": 3, "side": "operator", "role": "viewer", "guest": True,
                "operator": {"id": "opr_01KAH2X1M5C0R7Y2ZQ8S3V6T9B", "name": "Bob Example"}, "mode": "view",
                "joined_at": "2026-12-01T09:10:00Z", "admitted_at": "2026-12-01T09:10:20Z",
                "left_at": "2026-12-01T09:15:00Z", "removed_at": None, "bytes_sent": 900, "bytes_received": 1_000_000,
            },
        ],
        "bytes": {"from_host": 4_711_000, "from_viewers": 19_131},
    },
    "host": {
        "side": "customer",
        "complete": True,
        "received_at": "2026-12-01T09:23:10.512Z",
        "clock_ahead_seconds": 0,
        "answers": [
            {"viewer": 2, "yes": True, "at": "2026-12-01T09:02:10Z"},
            {"viewer": 3, "yes": True, "at": "2026-12-01T09:10:20Z"},
        ],
        "grants": [
            {"viewer": 2, "what": "view", "from": "2026-12-01T09:02:10Z", "until": "2026-12-01T09:12:00Z"},
            {"viewer": 2, "what": "chat", "from": "2026-12-01T09:02:10Z", "until": "2026-12-01T09:12:00Z"},
            {"viewer": 2, "what": "control", "from": "2026-12-01T09:02:10Z", "until": "2026-12-01T09:08:30Z"},
            {"viewer": 3, "what": "view", "from": "2026-12-01T09:10:20Z", "until": "2026-12-01T09:12:00Z"},
            {"viewer": 2, "what": "view", "from": "2026-12-01T09:13:30Z", "until": "2026-12-01T09:23:10Z"},
            {"viewer": 2, "what": "chat", "from": "2026-12-01T09:13:30Z", "until": "2026-12-01T09:23:10Z"},
            {"viewer": 3, "what": "view", "from": "2026-12-01T09:13:30Z", "until": "2026-12-01T09:15:00Z"},
        ],
        "pauses": [{"from": "2026-12-01T09:12:00Z", "until": "2026-12-01T09:13:30Z"}],
        "own_input": 2,
        "left_out": 0,
        "files": [],
        "ended": {"by": "customer", "reason": "ended", "at": "2026-12-01T09:23:10Z"},
    },
}  # fmt: skip


def receipt(**server: Any) -> dict[str, Any]:
    """It, with other members of `server`."""
    made = deepcopy(_RECEIPT)
    made["server"] |= server
    return made
