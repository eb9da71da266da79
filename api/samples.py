"""One story told by the examples of the OpenAPI document: Alice of Acme Support helps Hanako Yamada with ticket 4711."""

from typing import Any

from api.policies.members import Members
from api.receipts.samples import FACTS
from api.receipts.samples import FILE as RECEIPT_FILE
from api.sessions.modes import Mode

ULID = "01KAH2V5QJ6T8N3W9XZB4C7D0E"
OPERATOR = {"id": f"opr_{ULID}", "name": "Alice Example", "verified": "password"}
ORGANISATION = {"id": f"org_{ULID}", "name": "Acme Support"}
LIMITS = {"seconds": 3600, "bytes_per_second": None}
CUSTOMER = {"name": "Hanako Yamada", "email": "hanako@example.jp"}
REFERENCE = {"system": "zendesk", "id": "4711", "url": "https://crm.example.com/tickets/4711"}
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
JWT = "eyJhbGciOiJFUzI1NiIsInR5cCI6…"
CREATED, CLAIMED, STARTED = "2026-12-01T09:00:00Z", "2026-12-01T09:01:30Z", "2026-12-01T09:02:10Z"
LIMIT_REACHED, ENDED = "2026-12-01T10:02:10Z", "2026-12-01T09:23:10Z"
SECONDS = 1260

HOST = {
    "id": f"par_{ULID}",
    "sender": 1,
    "role": "host",
    "side": "customer",
    "operator_id": None,
    "guest": False,
    "mode": "control",
    "features": ["chat"],
    "connected": True,
    "admitted": False,
    "joined_at": "2026-12-01T09:01:32Z",
    "left_at": None,
    "removed_at": None,
    "bytes_in": 4_711_000,
    "bytes_out": 18_231,
}
VIEWER = HOST | {
    "id": "par_01KAH2X1M5C0R7Y2ZQ8S3V6T9B",
    "sender": 2,
    "role": "viewer",
    "side": "operator",
    "operator_id": OPERATOR["id"],
    "admitted": True,
    "joined_at": "2026-12-01T09:01:40Z",
    "bytes_in": 18_231,
    "bytes_out": 4_711_000,
}
WAITING: dict[str, Any] = {
    "id": f"ses_{ULID}",
    "state": "waiting",
    "mode": "control",
    "features": [],
    "recording": "off",
    "code": "48151623",
    "code_expires_at": "2026-12-01T09:10:00Z",
    "join_url": "http://localhost:8080/join/48151623",
    "operator_url": f"http://localhost:8080/console/sessions/ses_{ULID}",
    "console_url": f"http://localhost:8080/console/sessions/ses_{ULID}",
    "queued": False,
    "operator": OPERATOR,
    "organisation": ORGANISATION,
    "language": "en",
    "device": None,
    "customer": CUSTOMER,
    "reference": REFERENCE,
    "purpose": None,
    "policy": {"mode": "control", "features": [], "recording": "off", "limits": LIMITS},
    "limits": LIMITS,
    "metadata": {"team": "blue"},
    "participants": [],
    "created_at": CREATED,
    "starts_at": None,
    "claimed_at": None,
    "started_at": None,
    "ends_at": None,
    "ended_at": None,
    "ended_by": None,
    "reason": None,
    "closing_reason": None,
    "note": None,
    "notes": [],
    "customer_id": f"cus_{ULID}",
    "forgotten": False,
}
ACTIVE = WAITING | {
    "state": "active",
    "code": None,
    "join_url": None,
    "participants": [HOST, VIEWER],
    "claimed_at": CLAIMED,
    "started_at": STARTED,
    "ends_at": LIMIT_REACHED,
}
_GONE = {"connected": False, "left_at": ENDED}
OVER = ACTIVE | {
    "state": "ended",
    "participants": [HOST | _GONE, VIEWER | _GONE],
    "ended_at": ENDED,
    "ended_by": "operator",
    "reason": "solved",
    "closing_reason": "solved",
    "note": "Reinstalled the driver.",
    "notes": [
        {
            "id": f"nte_{ULID}",
            "author_id": OPERATOR["id"],
            "author_name": OPERATOR["name"],
            "text": "Reinstalled the driver.",
            "created_at": ENDED,
        }
    ],
}


def _admission(participant: dict[str, Any]) -> dict[str, Any]:
    return {
        "session_id": WAITING["id"],
        "state": "claimed",
        "participant": {name: participant[name] for name in ("id", "sender", "role", "side")},
        "statement": JWT,
        "statement_sha256": SHA256,
        "ticket": JWT,
        "ticket_expires_at": "2026-12-01T09:02:30Z",
        "resume_ticket": JWT,
        "resume_expires_at": "2026-12-01T09:16:30Z",
        "relays": [{"id": f"rel_{ULID}", "url": "wss://relay1.example.com"}],
        "mode": "control",
        "features": [],
        "limits": LIMITS,
        "organisation": ORGANISATION,
        "operator": OPERATOR,
        "queue": None,
        "policy": None,
        "introduction": None,
    }


def _page(*items: Any) -> dict[str, Any]:
    return {"items": list(items), "next_cursor": None}


BOB = {
    "id": "opr_01KAH3A9N2F6J8K4M7P1R5T0V3",
    "login": "bob",
    "name": "Bob Example",
    "email": "bob@example.com",
    "role": "operator",
    "modes": ["control", "view"],
    "max_session_seconds": 3600,
    "policy_id": None,
    "networks": ["203.0.113.0/24"],
    "suspended": False,
    "deleted": False,
    "must_change_password": True,
    "locked_until": None,
    "last_sign_in_at": None,
    "created_at": CREATED,
}
_SETTLED = {"must_change_password": False, "last_sign_in_at": "2026-12-01T08:59:00Z"}

POLICY = {
    "id": f"pol_{ULID}",
    "name": "Second line",
    "members": Members(modes=[Mode.CONTROL, Mode.VIEW], file_from_customer="off", max_session_seconds=3600).model_dump(
        mode="json"
    ),
    "assigned": {"organization": False, "operators": 3},
    "created_at": CREATED,
    "updated_at": CREATED,
}
_BECAUSE = {"layer": "operator-policy", "id": POLICY["id"], "name": "The policy “Second line”"}
EFFECTIVE = {
    "operator_id": BOB["id"],
    "mode": "manage",
    "address": "192.0.2.7",
    "at": CREATED,
    "allowed": False,
    "refused_because": [
        {
            "member": "modes",
            "sentence": "This operator may not use the mode manage.",
            "because": [
                _BECAUSE
                | {
                    "value": ["control", "view"],
                    "sentence": "The policy “Second line” allows only the modes control, view.",
                }
            ],
        }
    ],
    "requires": [],
    "features": ["chat", "clipboard_to_customer"],
    "members": {
        "chat": {"value": True, "because": []},
        "file_from_customer": {
            "value": "off",
            "because": [
                _BECAUSE
                | {
                    "value": "off",
                    "sentence": "The policy “Second line” does not allow fetching files from the customer.",
                }
            ],
        },
    },
}

GUEST = {
    "session_id": WAITING["id"],
    "operator_id": BOB["id"],
    "name": BOB["name"],
    "mode": "view",
    "features": ["chat"],
    "created_at": STARTED,
    "removed_at": None,
}

_TOOK_PART = ("id", "side", "role", "operator_id", "guest", "bytes_in", "bytes_out", "joined_at")


def _took_part(one: dict[str, Any], address: str, agent: str) -> dict[str, Any]:
    plain = {name: one[name] for name in _TOOK_PART}
    return plain | {"addresses": [address], "user_agents": [agent], "left_at": ENDED, "seconds": SECONDS}


_RECORDED = (
    "id", "mode", "queued", "recording", "customer", "reference", "device", "created_at", "claimed_at", "started_at",
    "ended_at", "state", "ended_by", "reason", "closing_reason",
)  # fmt: skip
SESSION_RECORD = {name: OVER[name] for name in _RECORDED} | {
    "operator": {name: OPERATOR[name] for name in ("id", "name")},
    "created_by": OPERATOR["id"],
    "forgotten": False,
    "seconds": SECONDS,
    "bytes": {"from_host": 4_711_000, "from_viewers": 18_231},
    "participants": [
        _took_part(HOST, "192.0.2.7", "tasuki (Windows AMD64)"),
        _took_part(VIEWER, "198.51.100.4", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"),
    ],
    "files": [],
}

_KNOWN_CUSTOMER = {
    "id": f"cus_{ULID}",
    "name": CUSTOMER["name"],
    "email": CUSTOMER["email"],
    "sessions": 3,
    "created_at": CREATED,
    "forgotten": False,
    "forgotten_at": None,
    "proof": None,
}
_ROTATION = {
    "id": f"rot_{ULID}",
    "organization_key": True,
    "customers_keys": False,
    "step": "sealing",
    "walk": 1,
    "examined": 18_200,
    "resealed": 17_950,
    "keys_destroyed": 0,
    "started_at": CREATED,
    "finished_at": None,
}
ANSWERS: dict[str, Any] = {
    "list_customers": _page(_KNOWN_CUSTOMER),
    "get_customer": _KNOWN_CUSTOMER,
    "forget_customer": _KNOWN_CUSTOMER
    | {"name": None, "email": None, "forgotten": True, "forgotten_at": ENDED, "proof": JWT},
    "get_keys": {"rotation": _ROTATION},
    "rotate_keys": _ROTATION | {"examined": 0, "resealed": 0},
    "report_sessions": _page(SESSION_RECORD),
    "list_policies": _page(POLICY),
    "create_policy": POLICY | {"assigned": {"organization": False, "operators": 0}},
    "get_policy": POLICY,
    "change_policy": POLICY,
    "get_effective_policy": EFFECTIVE,
    "create_operator": BOB | {"one_time_password": "k7m2p-q9xwz-3hdtn-vb4cy"},
    "get_operator": BOB | _SETTLED,
    "list_operators": _page(BOB | _SETTLED),
    "unlock_operator": BOB | _SETTLED,
    "change_operator": BOB | _SETTLED | {"modes": ["view"], "max_session_seconds": 1800},
    "create_session": WAITING,
    "list_sessions": _page(ACTIVE),
    "get_session": ACTIVE,
    "end_session": OVER,
    "change_session": OVER,
    "transfer_session": ACTIVE | {"operator": OPERATOR | {"id": BOB["id"], "name": BOB["name"]}},
    "pick_up_session": ACTIVE
    | {"state": "claimed", "queued": True, "participants": [HOST], "started_at": None, "ends_at": None},
    "refuse_session": OVER
    | {
        "queued": True,
        "operator": None,
        "participants": [HOST | _GONE],
        "started_at": None,
        "ends_at": None,
        "reason": "queue_closed",
        "closing_reason": None,
        "note": None,
        "notes": [],
    },
    "list_session_guests": _page(GUEST),
    "invite_guest": GUEST,
    "list_colleagues": _page({"operator_id": BOB["id"], "name": BOB["name"], "may_take_over": True}),
    "list_queue": {
        "items": [
            {
                "session_id": WAITING["id"],
                "position": 1,
                "mode": "control",
                "features": ["chat"],
                "customer": CUSTOMER,
                "reference": REFERENCE,
                "connected": True,
                "waiting_since": CLAIMED,
                "may_pick_up": True,
            }
        ],
        "next_cursor": None,
        "version": "5f2c0c7e9d1b",
    },
    "get_place_in_queue": {
        "session_id": WAITING["id"],
        "state": "claimed",
        "queue": {"position": 2, "waiting": 3},
        "operator": None,
    },
    "list_session_participants": _page(HOST, VIEWER),
    "get_session_receipt": RECEIPT_FILE,
    "get_receipt": RECEIPT_FILE,
    "list_session_events": _page(
        {
            "id": f"evt_{ULID}",
            "type": "session.claimed",
            "time": CLAIMED,
            "data": {"state": "claimed"},
            "forgotten": False,
        }
    ),
    "create_session_ticket": _admission(VIEWER),
    "join_session": _admission(HOST),
    "resume_session": {
        "session_id": WAITING["id"],
        "state": "active",
        "resume_ticket": JWT,
        "resume_expires_at": "2026-12-01T09:21:30Z",
        "policy": None,
        "relays": [{"id": f"rel_{ULID}", "url": "wss://relay1.example.com"}],
    },
    "list_webhook_deliveries": _page(
        {
            "id": f"dlv_{ULID}",
            "type": "session.ended",
            "session_id": WAITING["id"],
            "state": "delivered",
            "attempts": 1,
            "next_at": ENDED,
            "last_status": 204,
            "last_error": None,
            "created_at": ENDED,
            "delivered_at": "2026-12-01T09:23:11Z",
        }
    ),
    "list_relays": _page(
        {
            "id": f"rel_{ULID}",
            "public_url": "wss://relay1.example.com",
            "region": "tokyo",
            "version": "0.1.0",
            "healthy": True,
            "draining": False,
            "sessions": 12,
            "participants": 25,
            "heartbeat_at": CREATED,
        }
    ),
    "get_jwks": {
        "keys": [
            {
                "kty": "EC",
                "crv": "P-256",
                "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                "kid": "2026-12-01",
                "use": "sig",
                "alg": "ES256",
            }
        ]
    },
    "get_problem_type": {
        "slug": "session-ended",
        "title": "The session is over",
        "status": 409,
        "about": "The session is over.",
    },
}
"""Whole answers by operation; the others are put together from the examples of their members."""

REQUESTS: dict[str, Any] = {
    "create_operator": {
        name: BOB[name] for name in ("login", "name", "email", "role", "modes", "max_session_seconds", "networks")
    },
    "send_relay_reports": {
        "reports": [
            {
                "id": "rpt_5f2c0c7e",
                "session_id": WAITING["id"],
                "type": "usage",
                "time": STARTED,
                "sender": 1,
                "bytes_in": 1_048_576,
                "bytes_out": 1024,
                "seconds": 10.0,
            }
        ]
    },
    "on_session_ended": {
        "type": "session.ended",
        "timestamp": ENDED,
        "data": {
            "session_id": WAITING["id"],
            "mode": "control",
            "reference": REFERENCE,
            "customer": CUSTOMER,
            "operator": OPERATOR,
            "organisation": ORGANISATION,
            "metadata": {"team": "blue"},
            "created_at": CREATED,
            "claimed_at": CLAIMED,
            "started_at": STARTED,
            "ended_at": ENDED,
            "seconds": SECONDS,
            "ended_by": "operator",
            "reason": "solved",
            "note": "Reinstalled the driver.",
            "bytes": {"from_host": 4_711_000, "from_viewers": 18_231},
            "receipt": RECEIPT_FILE,
        },
    },
    "report_receipt_facts": FACTS,
}
"""Whole requests by operation."""

PARAMETERS: dict[str, tuple[str, Any]] = {
    "format": ("csv for all rows at once.", "json"),
    "lang": ("The language of the page.", "en"),
    "time_zone": ("The time zone of the page's times.", "Asia/Tokyo"),
    "session_id": ("Id of the session.", WAITING["id"]),
    "operator_id": ("Id of the operator.", BOB["id"]),
    "policy_id": ("Id of the policy.", POLICY["id"]),
    "mode": ("The mode that is asked about; left out: any.", "control"),
    "at": ("When; now when left out.", CREATED),
    "reason": ("Whether a reference or a purpose will be given.", True),
    "second_factor": ("Whether they signed in with a second factor.", True),
    "machine": ("Whether they work on a registered machine.", False),
    "native": ("Whether they use the installed viewer.", False),
    "key_id": ("Id of the API key.", f"key_{ULID}"),
    "device_id": ("Id of the device.", f"dev_{ULID}"),
    "group_id": ("Id of the group of devices.", f"dgr_{ULID}"),
    "enrolment_id": ("Id of the enrolment token.", f"den_{ULID}"),
    "online": ("Only those that are, or are not, online.", True),
    "integration_id": ("Id of the incoming hook.", f"int_{ULID}"),
    "endpoint_id": ("Id of the webhook endpoint.", f"whe_{ULID}"),
    "method": ("The second factor.", "totp"),
    "passkey_id": ("Id of the passkey.", f"psk_{ULID}"),
    "sign_in_id": ("Id of the signed-in device.", f"rft_{ULID}"),
    "machine_id": ("Id of the machine.", f"mch_{ULID}"),
    "X-Tasuki-Device": ("What makes the device known.", "tkd_0m2V3oY1uQ5sZc8rK4pWt7xJbNhLgFdE9aCiUoPqRsT"),
    "X-Tasuki-Entry": ("The secret of the entry link.", "tel_0m2V3oY1uQ5sZc8rK4pWt7xJbNhLgFdE9aCiUoPqRsT"),
    "slug": ("The last part of a problem's `type`.", "session-ended"),
    "limit": ("How many items at most.", 50),
    "cursor": (
        "`next_cursor` of the page before; leave out for the first page.",
        "c2VzXzAxS0FIMlY1UUo2VDhOM1c5WFpCNEM3RDBF",
    ),
    "state": ("Only in these states; may be given several times.", ["waiting", "active"]),
    "reference_id": ("Only with this `reference.id`.", "4711"),
    "reference_system": ("Only with this `reference.system`.", "zendesk"),
    "customer_email": ("Only of the customer with this address.", CUSTOMER["email"]),
    "created_from": ("Made at this time or later.", CREATED),
    "created_to": ("Made before this time.", ENDED),
    "queue": ("Only those made for whoever is free, or only the others.", True),
    "seen": ("`version` of what you have.", "5f2c0c7e9d1b"),
    "position": ("The place you know.", 2),
    "action": ("An action, or a resource.", "sign_in.failed"),
    "actor_id": ("Only what this party did.", f"opr_{ULID}"),
    "target_id": ("Only what was done to this.", "opr_01KAH3A9N2F6J8K4M7P1R5T0V3"),
    "address": ("Only from this address.", "192.0.2.7"),
    "from": ("Not before this time.", CREATED),
    "to": ("Before this time.", ENDED),
    "role": ("Only with this role.", "operator"),
    "q": ("A piece of text to look for.", "bob"),
    "wait": ("Seconds to wait.", 25),
    "customer_id": ("Id of the customer.", f"cus_{ULID}"),
    "email": ("Only the one with this address.", CUSTOMER["email"]),
    "event_id": ("Id of a line of the administrative log.", f"evt_{ULID}"),
    "hold_id": ("Id of the legal hold.", f"hld_{ULID}"),
    "ended_by": ("Only those that this party ended.", "operator"),
    "event": ("Only of this type.", "session.ended"),
    "outcome": ("Only with these outcomes; may be given several times.", ["failed", "locked"]),
    "bom": ("Begin the CSV with a byte order mark.", False),
    "by": ("What to add up by.", ["day", "operator"]),
    "utc_offset": ("Where days begin.", "+09:00"),
    "X-Tasuki-Client": ("Which client asks.", "console"),
    "Idempotency-Key": ("One per intended effect.", "ticket-4711-1"),
}
"""Description, where the route gives none, and example of each parameter; `after` differs from route to route."""
AFTER: dict[str, Any] = {"list_session_events": f"evt_{ULID}", "get_relay_commands": 17}
