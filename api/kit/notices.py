"""Wake-ups between the processes of one PostgreSQL, by NOTIFY and LISTEN: no broker.

A wake-up is sent inside the transaction it tells of, so it arrives after the commit and never without it. Each process listens on
a connection of its own. While that is away nothing is heard; whoever waits looks for themselves then (`Notices.heard` is False),
and everybody is woken when it is back.
"""

import asyncio
import secrets
from collections.abc import Iterable

import psycopg
import structlog
from psycopg.conninfo import make_conninfo

from api.kit.wake import Waker, key_of

EVERYBODY = "*"
MAX_TOPICS = 200
"""In one transaction; if it changes more than that, everybody looks again. PostgreSQL keeps what is on the way in memory."""
ALIVE_SECONDS = 10.0
"""How often a silent connection is asked whether it is still there, and how long it may take to say so."""
AGAIN_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
KEEPALIVE = {"connect_timeout": "5", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "2"}

SEND = "SELECT pg_notify('tasuki', topic) FROM unnest(%s::text[]) AS topic"

log = structlog.get_logger()


class Notices:
    """One process's ear, and the form of what it says to the others."""

    def __init__(self, url: str, waker: Waker) -> None:
        """`url` is libpq's."""
        self._url = make_conninfo(url, **KEEPALIVE)
        self._waker = waker
        self._me = secrets.token_hex(4)
        self.heard = False
        """Whether everything that other processes commit from now on is heard of."""

    def payloads(self, topics: Iterable[str]) -> list[str]:
        """What to notify of: who says it, and a topic. This process's own are woken without it."""
        keys = sorted({key_of(topic) for topic in topics})
        return [f"{self._me} {key}" for key in (keys if len(keys) <= MAX_TOPICS else [EVERYBODY])]

    async def run(self) -> None:
        """For ever: listen; when the connection breaks, connect again with growing pauses."""
        failures = 0
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
                    failures = 0
                    await self._listen(connection)
            except (psycopg.Error, OSError, TimeoutError) as error:
                log.warning("api.notices_lost", error=type(error).__name__)
            finally:
                self.heard = False
                self._waker.wake_all()  # who waits looks again, and from now on more often
            await asyncio.sleep(AGAIN_SECONDS[min(failures, len(AGAIN_SECONDS) - 1)])
            failures += 1

    async def _listen(self, connection: "psycopg.AsyncConnection[tuple[object, ...]]") -> None:
        """Until the connection breaks, which is an error."""
        await connection.execute("LISTEN tasuki")
        self.heard = True
        self._waker.wake_all()  # for what was said while nobody listened
        while True:
            async for notice in connection.notifies(timeout=ALIVE_SECONDS):
                self._take(notice.payload)
            async with asyncio.timeout(ALIVE_SECONDS):
                await connection.execute("SELECT 1")

    def _take(self, payload: str) -> None:
        who, _, key = payload.partition(" ")
        if who == self._me:
            return
        if key == EVERYBODY:
            self._waker.wake_all()
        else:
            self._waker.wake([key])
