"""Long polls: read, and if there is nothing, wait to be woken and read again. No connection is held while waiting."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from api.context import Context

T = TypeVar("T")

UNHEARD_SECONDS = 1.0
"""While other api processes cannot be heard (api/kit/notices.py): look again this often."""


STOPPING_SECONDS = 0.5
"""Once the process is about to end nobody waits longer. Who asks again at once is held for this long: no busy loop."""


async def poll(context: Context, topic: str, wait: float, read: Callable[[], Awaitable[list[T]]]) -> list[T]:
    """What `read` gives, as soon as it gives something; at the latest after `wait` seconds."""
    loop = asyncio.get_running_loop()
    stopping = context.stopping.is_set()
    deadline = loop.time() + (min(wait, STOPPING_SECONDS) if stopping else wait)
    with context.waker.listen(topic) as listener, context.metrics.long_polls.track_inprogress():
        while True:
            found = await read()
            left = deadline - loop.time()
            if found or left <= 0 or context.stopping.is_set() > stopping:
                return found
            await listener.wait(left if context.database.hears_all else min(left, UNHEARD_SECONDS))
