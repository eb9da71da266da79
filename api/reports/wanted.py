"""What a report is narrowed by, and where in it a page or chunk begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from api.kit.pages import after_cursor, cursor_of
from api.problems import BadCursor
from api.sessions.modes import Mode, Party
from api.sessions.states import State


@dataclass(frozen=True, slots=True)
class Wanted:
    """None and empty where it is not narrowed. A report of what happens in sessions takes those of sessions as well."""

    since: datetime | None = None
    until: datetime | None = None
    operator_id: str | None = None
    states: Sequence[State] = ()
    mode: Mode | None = None
    reference_system: str | None = None
    reference_id: str | None = None
    customer_id: str | None = None
    device_id: str | None = None
    ended_by: Party | None = None
    reason: str | None = None
    session_id: str | None = None
    type: str | None = None
    """Of an event."""
    actions: Sequence[str] = ()
    """Of sign-ins, as the administrative log names them."""
    address: str | None = None
    """What finds the lines from an address."""


class Place(NamedTuple):
    """The last row that was read: everything before it, newest first, is still to come."""

    time: datetime
    id: str


def place_at(time: str, identifier: str) -> Place:
    """From a time as the database writes it: SQLite leaves out that it is UTC."""
    moment = datetime.fromisoformat(time)
    return Place(moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment, identifier)


def place_of(cursor: str | None) -> Place | None:
    """Where a page begins; BadCursor when the cursor is not one of ours."""
    text = after_cursor(cursor)
    if text is None:
        return None
    moment, _, identifier = text.partition(" ")
    try:
        place = Place(datetime.fromisoformat(moment), identifier)
    except ValueError as error:
        raise BadCursor("Use next_cursor of the page before, unchanged.") from error
    if place.time.tzinfo is None:
        raise BadCursor("Use next_cursor of the page before, unchanged.")
    return place


def cursor_at(place: Place) -> str:
    """The cursor of the page that begins after a row."""
    return cursor_of(f"{place.time.isoformat()} {place.id}")
