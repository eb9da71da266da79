"""Examples of reports for the OpenAPI document, told by the same story as the rest (api/samples.py)."""

from api import samples
from api.reports import lines
from api.reports.cells import NEWLINE, cell

_SES, _ALICE = samples.WAITING["id"], samples.OPERATOR["id"]
_ADDRESS, _AGENT = "192.0.2.7", "tasuki (Windows AMD64)"
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"


def _csv(header: tuple[str, ...], **row: str | int | None) -> str:
    plain = {
        name: value if isinstance(value, int) or name.endswith(("id", "_at")) else cell(value)
        for name, value in row.items()
    }
    return lines.header_of(header) + ",".join(str(plain.get(name, "")) for name in header) + NEWLINE


SESSIONS_CSV = _csv(
    lines.SESSIONS.header, id=_SES, state="ended", mode="control", operator_id=_ALICE, operator_name="Alice Example",
    created_by=_ALICE, queued="false", recording="off", reference_system="zendesk", reference_id="4711",
    created_at=samples.CREATED, claimed_at=samples.CLAIMED, started_at=samples.STARTED, ended_at=samples.ENDED,
    seconds=samples.SECONDS, ended_by="operator", reason="solved", bytes_from_host=4_711_000, bytes_from_viewers=18_231,
    participants=2, customer_name="Hanako Yamada", customer_email="hanako@example.jp", customer_addresses=_ADDRESS,
    customer_devices=_AGENT, operator_addresses="198.51.100.4", operator_devices=_BROWSER, files=0,
)  # fmt: skip
EVENTS_CSV = _csv(
    lines.EVENTS.header, id=f"evt_{samples.ULID}", time=samples.ENDED, type="session.ended", session_id=_SES, mode="control",
    operator_id=_ALICE, operator_name="Alice Example", reference_system="zendesk", reference_id="4711",
    data='{"state": "ended", "ended_by": "operator", "reason": "solved"}',
)  # fmt: skip
SIGN_INS_CSV = _csv(
    lines.SIGN_INS.header, id=f"evt_{samples.ULID}", time=samples.CREATED, outcome="succeeded", operator_id=_ALICE,
    operator_name="Alice Example", methods="password; totp", address=_ADDRESS, user_agent=_BROWSER,
)  # fmt: skip
USAGE_CSV = _csv(
    lines.USAGE, day="2026-12-01", sessions=41, started=38, seconds=52_920, minutes=882, bytes_from_host=193_151_000,
    bytes_from_viewers=747_471,
)  # fmt: skip
