"""Cells of CSV (RFC 4180): written by the database where a value is a column, by us where it had to be opened first.

Text that people wrote is always quoted, and where a spreadsheet would take it for a formula an apostrophe comes first
(OWASP, CSV injection; Excel takes the full-width forms too). Times, ids, words of ours and numbers cannot be one.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, String, case, func, literal
from sqlalchemy import cast as sql_cast

NEWLINE = "\r\n"
BOM = "\ufeff"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell must not begin with."""

Sql = ColumnElement[Any]


def cell(value: str | float | datetime | None) -> str:
    """One cell, in Python."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if not isinstance(value, str):
        return str(value)
    guarded = f"'{value}" if value.startswith(FORMULA) else value
    return f'"{guarded.replace(chr(34), chr(34) * 2)}"'


def free(column: Any) -> Sql:
    """One cell of free text, in SQL."""
    text = sql_cast(column, String)
    guarded = case((func.substr(text, 1, 1).in_(FORMULA), literal("'").concat(text)), else_=text)
    return case((text.is_not(None), literal('"').concat(func.replace(guarded, '"', '""')).concat('"')), else_="")


def time(column: Any, dialect: str) -> Sql:
    """One cell of a time to the second, in SQL."""
    if dialect == "sqlite":  # kept as 2026-12-01 09:00:00.000000
        return func.replace(func.substr(sql_cast(column, String), 1, 19), " ", "T").concat("Z")
    return func.to_char(func.timezone("UTC", column), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')


def line(cells: list[Any], dialect: str) -> Sql:
    """Cells as one text with commas; NULL is an empty cell."""
    pattern = ",".join(["%s"] * len(cells))
    return (func.printf if dialect == "sqlite" else func.format)(pattern, *cells, type_=String)
