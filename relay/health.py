"""Whether this relay can take sessions, part by part; only words, the numbers are in the metrics."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

from cryptography import x509

from relay.admin import Answer
from relay.control import Control
from relay.server import RelayServer

LATE_SECONDS = 0.5
CERTIFICATE_NEAR = timedelta(days=14)
FULL_PART = 0.9
JSON = "application/json"


def ready(server: RelayServer, control: Control, certificate: Path | None) -> Answer:
    """`/readyz`: 503 when no session can be taken; what is only a warning is said with 200."""
    must = {"process": not server.draining, "keys": server.desk.ready}
    until = certificate_until(certificate)
    should = {
        "api": control.registered,
        "loop": server.lag_seconds < LATE_SECONDS,
        "connections": server.gate.open < server.gate.total * FULL_PART,
        "certificate": until is None or until - datetime.now(UTC) > CERTIFICATE_NEAR,
    }
    parts = {name: "ok" if good else "failing" for name, good in must.items()}
    parts |= {name: "ok" if good else "warning" for name, good in should.items()}
    worst = next((word for word in ("failing", "warning") if word in parts.values()), "ok")
    status = HTTPStatus.SERVICE_UNAVAILABLE if worst == "failing" else HTTPStatus.OK
    return Answer(status, json.dumps({"status": worst, "parts": parts}).encode() + b"\n", JSON)


def certificate_until(path: Path | None) -> datetime | None:
    """When the first certificate of a chain expires; None without one."""
    if path is None:
        return None
    with suppress(OSError, ValueError):
        return x509.load_pem_x509_certificates(path.read_bytes())[0].not_valid_after_utc
    return None
