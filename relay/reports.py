"""What the api is told about sessions: a bounded queue that outlives the api's absence; each report has its own id."""

import asyncio
import uuid
from collections import deque
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import structlog

from relay.actions import Fact, Tell
from relay.api_client import ApiClient, ApiDown, ApiRefused
from relay.backoff import Backoff
from relay.limits import REGISTER_RETRY_SECONDS, REPORTS, REPORTS_PER_REQUEST

log = structlog.get_logger()

Report = dict[str, Any]
NOT_OUR_FAULT = frozenset({401, 403, 404})
"""Answers about this relay as a whole, not about a report."""


def report_of(tell: Tell, at: datetime) -> Report:
    """The body of one report."""
    report = {
        "id": f"rpt_{uuid.uuid4().hex}",
        "session_id": tell.session,
        "type": tell.fact.value,
        "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "sender": tell.sender,
        "by": tell.by,
        "reason": tell.reason,
        "bytes_in": tell.bytes_in,
        "bytes_out": tell.bytes_out,
        "seconds": tell.seconds,
    }
    return {name: value for name, value in report.items() if value is not None}


class Reports:
    """Queue and sender, in order. When the queue is full the oldest usage gives way, then the oldest of all."""

    def __init__(self, api: ApiClient) -> None:
        self.dropped = 0
        self._api = api
        self._queue: deque[Report] = deque()
        self._wake = asyncio.Event()
        self._backoff = Backoff(*REGISTER_RETRY_SECONDS)

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, tell: Tell) -> None:
        """Queue a report."""
        self._queue.append(report_of(tell, datetime.now(UTC)))
        if len(self._queue) > REPORTS:
            self._give_way()
        self._wake.set()

    async def run(self) -> None:
        """Send for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                pause = await self._send_some()
                if pause:
                    await asyncio.sleep(pause)

    async def flush(self) -> None:
        """Send what is there, once; for the end of the process."""
        while self._queue and await self._send_some() == 0.0:
            pass

    async def _send_some(self) -> float:
        """Send one batch; the seconds to wait before the next."""
        batch = list(islice(self._queue, REPORTS_PER_REQUEST))
        try:
            await self._api.report(batch)
        except ApiDown:
            return self._backoff.failed()
        except ApiRefused as refused:
            if refused.status in NOT_OUR_FAULT:
                return self._backoff.failed()
            batch = await self._send_singly(batch)
        self._backoff.succeeded()
        self._forget(batch)
        return 0.0

    async def _send_singly(self, batch: list[Report]) -> list[Report]:
        """One of these is refused: find it and give it up. Returns those that are dealt with."""
        for index, report in enumerate(batch):
            try:
                await self._api.report([report])
            except ApiRefused as refused:
                self.dropped += 1
                log.warning("relay.report_refused", type=report["type"], status=refused.status, detail=refused.detail)
            except ApiDown:
                return batch[:index]
        return batch

    def _forget(self, sent: list[Report]) -> None:
        """Take the sent ones away; some may have given way to newer ones meanwhile."""
        ids = {report["id"] for report in sent}
        while self._queue and self._queue[0]["id"] in ids:
            self._queue.popleft()

    def _give_way(self) -> None:
        usage = Fact.USAGE.value
        index = next((index for index, report in enumerate(self._queue) if report["type"] == usage), 0)
        del self._queue[index]
        self.dropped += 1
