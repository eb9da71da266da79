"""The history as lines of CSV: for each report its header, and a chunk of lines that continues after a row.

Names in a header never change and never change their place; what is new comes at the end. What has to be opened is opened in a
thread, so that whoever asks the server something else meanwhile does not wait for it.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit.models import AuditEvent
from api.auth.permissions import Caller
from api.context import Context
from api.events.models import Event
from api.events.service import opened
from api.kit.sealing import Sealer
from api.reports import opening, repository, service
from api.reports.cells import NEWLINE, cell
from api.reports.schemas import FileRecord, UsageView
from api.reports.wanted import Place, Wanted, place_at
from api.sessions import clients, details
from api.sessions.models import Session

CHUNK = 2_000
"""Lines of one statement: about half a megabyte."""

Chunk = tuple[str, Place | None]
"""Lines, and the last row if there may be more."""


@dataclass(frozen=True, slots=True)
class Lines:
    """A report as CSV."""

    name: str
    header: tuple[str, ...]
    read: Callable[[AsyncSession, Context, Caller, Wanted, Place | None, int], Awaitable[Chunk]]


async def _sessions(
    db: AsyncSession, context: Context, caller: Caller, wanted: Wanted, after: Place | None, limit: int
) -> Chunk:
    rows = await repository.session_lines(db, caller, wanted, after, limit)
    having = [row[1] for row in rows if row[FILES]]
    moved = await repository.files_of(db, having) if having else []
    text = await asyncio.to_thread(_session_text, context, caller, rows, moved)
    return text, place_at(rows[-1][0], rows[-1][1]) if len(rows) == limit else None


KEY_ID, SEALED, FILES = 3, slice(4, 9), 9
"""Where in a row what stands: `repository.session_lines`."""
_NOTHING_SEALED = (None,) * 5
_NOTHING_OPENED = "," * 9 + "0," + NEWLINE


def _session_text(context: Context, caller: Caller, rows: repository.Rows, moved: Sequence[Event]) -> str:
    sealer, parts = context.keyring.organization(caller.organization_id), []
    keys = {bytes.fromhex(row[KEY_ID]) for row in rows if row[KEY_ID] and row[SEALED] != _NOTHING_SEALED}
    context.keyring.prefetch(caller.organization_id, keys)
    files = opening.files(sealer, moved)
    for row in rows:
        parts.append(row[2])
        if row[SEALED] == _NOTHING_SEALED and not row[FILES]:
            parts.append(_NOTHING_OPENED)
        else:
            parts.append("," + _opened(sealer, files.get(row[1], []), *row))
    return "".join(parts)


def _opened(sealer: Sealer, files: list[FileRecord], *row: Any) -> str:
    _, session_id, _, _, customer, closing, reason, theirs, ours, count, customer_id, operator_id = row
    who = opening.customer(sealer, session_id, customer)
    they, we = clients.opened(sealer, customer_id, theirs), clients.opened(sealer, operator_id, ours)
    return _line(
        who.get("name"), who.get("email"), _list(they.addresses), _list(they.user_agents), _list(we.addresses),
        _list(we.user_agents), opening.words(sealer, details.CLOSING_REASON, session_id, closing),
        opening.words(sealer, details.REASON, session_id, reason), count, "\n".join(file.path for file in files) or None,
    )  # fmt: skip


async def _events(
    db: AsyncSession, context: Context, caller: Caller, wanted: Wanted, after: Place | None, limit: int
) -> Chunk:
    rows = await repository.events(db, caller, wanted, after, limit)
    text = await asyncio.to_thread(_event_text, context.keyring.organization(caller.organization_id), rows)
    return text, Place(rows[-1][0].time, rows[-1][0].id) if len(rows) == limit else None


def _event_text(sealer: Sealer, rows: Sequence[tuple[Event, Session, str | None]]) -> str:
    parts = []
    for event, session, name in rows:
        data = opened(sealer, event)
        parts.append(
            _line(
                event.id,
                event.time,
                event.type,
                session.id,
                session.mode,
                session.operator_id,
                name,
                session.reference_system,
                session.reference_id,
                None if data is None else json.dumps(data, ensure_ascii=False),
            )
        )
    return "".join(parts)


async def _sign_ins(
    db: AsyncSession, context: Context, caller: Caller, wanted: Wanted, after: Place | None, limit: int
) -> Chunk:
    rows = await repository.sign_ins(db, caller, wanted, after, limit)
    text = await asyncio.to_thread(_sign_in_text, context, rows)
    return text, Place(rows[-1][0].time, rows[-1][0].id) if len(rows) == limit else None


def _sign_in_text(context: Context, rows: Sequence[tuple[AuditEvent, str | None]]) -> str:
    parts = []
    for event, name in rows:
        one = service.sign_in(context, event, name)
        who = (one.operator.id, one.operator.name) if one.operator else (None, None)
        parts.append(
            _line(
                one.id, one.time, one.outcome, *who, one.login, one.why, _list(one.methods), one.address, one.user_agent
            )
        )
    return "".join(parts)


def usage(found: UsageView) -> str:
    """All sums as lines; there are never many."""
    return "".join(
        _line(
            row.day.isoformat() if row.day else None,
            *((row.operator.id, row.operator.name) if row.operator else (None, None)),
            row.mode,
            row.sessions,
            row.started,
            row.seconds,
            row.minutes,
            row.bytes_from_host,
            row.bytes_from_viewers,
        )
        for row in found.rows
    )


def header_of(names: Sequence[str]) -> str:
    """The first line."""
    return ",".join(names) + NEWLINE


def _line(*values: Any) -> str:
    return ",".join(map(cell, values)) + NEWLINE


def _list(values: Sequence[str]) -> str | None:
    return "; ".join(values) or None


SESSIONS = Lines(
    "sessions",
    (
        *repository.SESSION_CELLS, "customer_name", "customer_email", "customer_addresses", "customer_devices",
        "operator_addresses", "operator_devices", "closing_reason", "reason_in_words", "files", "file_paths",
    ),
    _sessions,
)  # fmt: skip
EVENTS = Lines(
    "events",
    (
        "id", "time", "type", "session_id", "mode", "operator_id", "operator_name", "reference_system", "reference_id",
        "data",
    ),
    _events,
)  # fmt: skip
SIGN_INS = Lines(
    "sign-ins",
    ("id", "time", "outcome", "operator_id", "operator_name", "login", "why", "methods", "address", "user_agent"),
    _sign_ins,
)
USAGE = (
    "day", "operator_id", "operator_name", "mode", "sessions", "started", "seconds", "minutes", "bytes_from_host",
    "bytes_from_viewers",
)  # fmt: skip
