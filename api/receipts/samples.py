"""The receipt of the story that the examples tell: Alice of Acme Support helps Hanako Yamada with ticket 4711."""

from typing import Any

_ULID = "01KAH2V5QJ6T8N3W9XZB4C7D0E"
_ALICE = {"id": f"opr_{_ULID}", "name": "Alice Example"}
_BEGUN, _PAUSED, _WENT_ON, _ENDED = (f"2026-12-01T09:{at}Z" for at in ("02:10", "12:00", "13:30", "23:10"))


def _person(**members: Any) -> dict[str, Any]:
    here = {
        "guest": False,
        "mode": "control",
        "admitted_at": None,
        "left_at": "2026-12-01T09:23:11Z",
        "removed_at": None,
    }
    return here | members


RECEIPT: dict[str, Any] = {
    "version": 1,
    "issuer": "http://localhost:8080",
    "issued_at": "2026-12-01T09:23:12Z",
    "session_id": f"ses_{_ULID}",
    "statement_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "server": {
        "organisation": {"id": f"org_{_ULID}", "name": "Acme Support"},
        "asked_by": _ALICE | {"verified": "passkey"},
        "customer": {"name": "Hanako Yamada"},
        "reference": {"system": "zendesk", "id": "4711"},
        "device": None,
        "mode": "control",
        "features": ["chat"],
        "recording": "off",
        "created_at": "2026-12-01T09:00:00Z",
        "claimed_at": "2026-12-01T09:01:30Z",
        "started_at": _BEGUN,
        "ended_at": _ENDED,
        "seconds": 1260,
        "outcome": "ended",
        "ended_by": "customer",
        "reason": "ended",
        "people": [
            _person(
                sender=1, side="customer", role="host", operator=None, joined_at="2026-12-01T09:01:32Z",
                bytes_sent=4_711_000, bytes_received=18_231,
            ),
            _person(
                sender=2, side="operator", role="viewer", operator=_ALICE, joined_at="2026-12-01T09:01:40Z",
                admitted_at=_BEGUN, bytes_sent=18_231, bytes_received=4_711_000,
            ),
        ],
        "bytes": {"from_host": 4_711_000, "from_viewers": 18_231},
    },
    "host": {
        "side": "customer",
        "complete": True,
        "received_at": _ENDED,
        "clock_ahead_seconds": 0,
        "answers": [{"viewer": 2, "yes": True, "at": _BEGUN}],
        "grants": [
            {"viewer": 2, "what": "view", "from": _BEGUN, "until": _PAUSED},
            {"viewer": 2, "what": "control", "from": _BEGUN, "until": _PAUSED},
            {"viewer": 2, "what": "view", "from": _WENT_ON, "until": _ENDED},
        ],
        "pauses": [{"from": _PAUSED, "until": _WENT_ON}],
        "own_input": 0,
        "left_out": 0,
        "files": [],
        "ended": {"by": "customer", "reason": "ended", "at": _ENDED},
    },
}  # fmt: skip

FILE: dict[str, Any] = {
    "form": "tasuki-receipt/1",
    "receipt": RECEIPT,
    "signed": "eyJhbGciOiJFUzI1NiIsInR5cCI6InRhc3VraS1yZWNlaXB0Iiwia2lk…",
    "keys": {
        "keys": [
            {
                "kty": "EC",
                "crv": "P-256",
                "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                "kid": "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
                "use": "sig",
                "alg": "ES256",
            }
        ]
    },
}

FACTS: dict[str, Any] = {
    "number": 4,
    "sent_at": _ENDED,
    **{
        name: RECEIPT["host"][name]
        for name in ("answers", "grants", "pauses", "own_input", "left_out", "files", "ended")
    },
}
