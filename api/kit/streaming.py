"""Long answers that are made while they are sent: memory is flat, and a slow reader slows only itself."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import structlog
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

STALLED_AFTER = timedelta(minutes=2)
"""A chunk has about half a megabyte: who takes less than 5 kB/s has gone."""

log = structlog.get_logger()


class Download(StreamingResponse):
    """A file whose reader must go on reading; one who hangs up is not read for any further."""

    def __init__(
        self, file: str, body: AsyncGenerator[Any], media_type: str, stalled_after: timedelta = STALLED_AFTER
    ) -> None:
        headers = {"Content-Disposition": f'attachment; filename="{file}"'}
        self._body, self._stalled_after = body, stalled_after.total_seconds()
        super().__init__(body, media_type=media_type, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it, each part within the time a part may take."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(self._stalled_after):
                await send(message)

        try:
            await super().__call__(scope, receive, send_in_time)
        except TimeoutError:
            log.info("api.download_stalled")  # what was not sent is not: the reader sees that it is cut
        finally:
            await self._body.aclose()
