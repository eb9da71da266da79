"""Looking for a piece of text in a column, the same on SQLite and PostgreSQL."""

from typing import Annotated, Any

from fastapi import Query
from sqlalchemy import ColumnElement, func
from sqlmodel import col

MAX_TEXT_CHARACTERS = 100

SearchText = Annotated[
    str | None, Query(min_length=1, max_length=MAX_TEXT_CHARACTERS, description="A piece of text to look for.")
]


def contains(column: Any, text: str) -> ColumnElement[bool]:
    """Whether `column` has `text` in it; `%` and `_` mean themselves.

    Case does not matter for ASCII letters; for others it does on SQLite.
    """
    return func.lower(col(column)).contains(text.strip().lower(), autoescape=True)
