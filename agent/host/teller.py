"""Tells the server what only the host knows, for the receipt: at changes, now and then, and at the end.

Nothing waits for it. When the server is away it is tried again, after the end for as long as the server takes it: by a process
of its own then (`python -m agent.host.teller`), which knows one ticket and one report, in its memory only.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from agent.api_client import ApiClient, ApiError, ServerUnreachableError
from agent.host.facts import Facts
from wire.limits import FACTS_SECONDS, RENEW_SECONDS

PATH: Final = "/v1/receipt/facts"
REST_SECONDS: Final = 2.0
"""No two reports are closer than this."""
RETRY_SECONDS: Final = 10.0
LAST_SECONDS: Final = 5.0
"""How long the last report may take before another process is left with it."""


class Teller:
    """Reports `facts` of one session; `bearer` gives the resume ticket of the host as it is then."""

    def __init__(self, api: ApiClient, bearer: Callable[[], str], facts: Facts) -> None:
        self._api, self._bearer, self._facts = api, bearer, facts
        self._changed = asyncio.Event()
        self._told = -1
        self.refused = False
        """The server takes no more."""

    def changed(self) -> None:
        """There is something new to tell."""
        self._changed.set()

    async def run(self) -> None:
        """For as long as the session runs. Said again after a while, so that it is known until when it held."""
        while not self.refused:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), RENEW_SECONDS)
            self._changed.clear()
            if self._facts.answers and not await self._tell():
                self._changed.set()
                await asyncio.sleep(RETRY_SECONDS)
            await asyncio.sleep(REST_SECONDS)

    async def last(self) -> bool:
        """The last word, which is also that nothing was ever allowed. Leaves it to another process when the server is away."""
        if self.refused:
            return False
        try:
            async with asyncio.timeout(LAST_SECONDS):
                if await self._tell() or self.refused:
                    return not self.refused
        except TimeoutError:
            pass
        self._leave()
        return False

    async def _tell(self) -> bool:
        """Whether nothing needs to be tried again."""
        if self._told == self._facts.number and self._facts.ended is not None:
            return True
        number, report = self._facts.number, self._facts.report(time.time())
        outcome = await tell(self._api, self._bearer(), report)
        self.refused = self.refused or outcome is None
        if outcome:
            self._told = number
        return outcome is not False

    def _leave(self) -> None:
        """A process that outlives this one. Where none can be started, what was last told stands."""
        left = {
            "server": self._api.base_url,
            "bearer": self._bearer(),
            "report": self._facts.report(time.time()),
            "until": time.time() + FACTS_SECONDS,
        }
        path = os.pathsep.join(entry for entry in sys.path if entry)
        with contextlib.suppress(OSError):
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "agent.host.teller"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": path},
                start_new_session=True,
            )
            assert process.stdin is not None
            with process.stdin as pipe:
                pipe.write(json.dumps(left).encode())
            process.returncode = 0  # it is left alone: nobody waits for it


async def tell(api: ApiClient, bearer: str, report: dict[str, Any]) -> bool | None:
    """True: taken. False: try again. None: it will not be taken."""
    try:
        await api.call("PUT", PATH, json=report, headers={"Authorization": f"Bearer {bearer}"})
    except ServerUnreachableError:
        return False
    except ApiError as error:
        return False if error.status >= 500 or error.status == 429 else None
    return True


async def keep_telling(
    api: ApiClient,
    bearer: str,
    report: dict[str, Any],
    until: float,
    *,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> bool:
    """Until it is taken, refused, or too late; whether it was taken."""
    while now() < until:
        outcome = await tell(api, bearer, report)
        if outcome is not False:
            return outcome is True
        await sleep(RETRY_SECONDS)
    return False


async def _left(told: dict[str, Any]) -> bool:
    async with ApiClient(told["server"]) as api:
        return await keep_telling(api, told["bearer"], told["report"], told["until"])


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(_left(json.load(sys.stdin))) else 1)
