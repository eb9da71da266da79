"""CSV as a stream: a chunk is read when the one before it has gone out, so memory is flat and a slow reader slows only itself.

Between two chunks nothing is open: no cursor, no transaction, no lock. A reader who takes nothing for STALLED_AFTER is let
go, and one who hangs up is not read for any further.
"""

from collections import Counter
from collections.abc import AsyncGenerator
from datetime import timedelta

from api.auth.permissions import Caller
from api.context import Context
from api.kit.streaming import STALLED_AFTER, Download
from api.problems import Unavailable
from api.reports.cells import BOM
from api.reports.lines import CHUNK, Lines, header_of
from api.reports.wanted import Place, Wanted

AT_ONCE = 3
"""Streams of one organisation at the same time, in one process."""
MEDIA_TYPE = "text/csv"

_running: Counter[str] = Counter()
"""Streams by organisation."""


class CsvStream(Download):
    """A report as a file."""

    def __init__(self, name: str, body: AsyncGenerator[str], stalled_after: timedelta = STALLED_AFTER) -> None:
        super().__init__(f"{name}.csv", body, f"{MEDIA_TYPE}; charset=utf-8; header=present", stalled_after)


def stream(context: Context, caller: Caller, lines: Lines, wanted: Wanted, *, bom: bool) -> CsvStream:
    """A whole report; Unavailable when the organisation reads enough of them already."""
    if _running[caller.organization_id] >= AT_ONCE:
        raise Unavailable(f"{AT_ONCE} reports are being sent to your organisation; try again soon.", retry_after=10)
    return CsvStream(lines.name, _text(context, caller, lines, wanted, bom))


async def _text(context: Context, caller: Caller, lines: Lines, wanted: Wanted, bom: bool) -> AsyncGenerator[str]:
    _running[caller.organization_id] += 1
    try:
        yield (BOM if bom else "") + header_of(lines.header)
        after: Place | None = None
        while True:
            async with context.database.read() as db:
                text, after = await lines.read(db, context, caller, wanted, after, CHUNK)
            if text:
                yield text
            if after is None:
                return
    finally:
        _running[caller.organization_id] -= 1
        if not _running[caller.organization_id]:
            del _running[caller.organization_id]
