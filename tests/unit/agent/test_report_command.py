"""`tasuki report`: rows are counted right wherever the network cuts the stream."""

import io
from collections.abc import AsyncIterator

import pytest

from agent.commands.report import _write

REPORT = b'id,paths\r\n1,"a\nb"\r\n2,\r\n'


@pytest.mark.parametrize("size", range(1, len(REPORT) + 1))
async def test_rows_are_counted_wherever_the_stream_is_cut(size: int) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(REPORT), size):
            yield REPORT[start : start + size]

    file = io.BytesIO()
    assert await _write(parts(), file) == 3
    assert file.getvalue() == REPORT
