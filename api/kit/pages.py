"""Cursor pagination: the cursor is the last id seen, opaque to callers."""

import base64
import binascii
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from api.problems import BadCursor

MAX_PAGE = 200

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many items at most.")]
Cursor = Annotated[
    str | None, Query(max_length=120, description="`next_cursor` of the page before; leave out for the first page.")
]


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None = Field(
        default=None, description="Pass it as `cursor` for the next page; null on the last.", examples=[None]
    )


def cursor_of(identifier: str) -> str:
    """The cursor that continues after `identifier`."""
    return base64.urlsafe_b64encode(identifier.encode()).rstrip(b"=").decode()


def after_cursor(cursor: str | None) -> str | None:
    """The id a cursor stands for; BadCursor when it is not one of ours."""
    if cursor is None:
        return None
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise BadCursor("Use next_cursor of the page before, unchanged.") from error


def page_of(rows: list[T], ids: list[str], limit: int) -> Page[T]:
    """A page from up to `limit + 1` rows: the extra one only tells that there is more."""
    more = len(rows) > limit
    return Page(items=rows[:limit], next_cursor=cursor_of(ids[limit - 1]) if more else None)
