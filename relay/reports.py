"""What the api is told about sessions: a bounded queue that outlives the api's absence; each report has its own id."""

import asyncio
import uuid
from collections import deque
from datetime import UTC, datetime
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
    """Queue and sender. Facts leave before usage, and usage is what gives way when the queue is full."""

    def __init__(self, api: ApiClient) -> None:
        self.dropped = 0
        self._api = api
        self._facts: deque[Report] = deque()
        self._usage: deque[Report] = deque()
        self._wake = asyncio.Event()
        self._backoff = Backoff(*REGISTER_RETRY_SECONDS)

    def __len__(self) -> int:
        return len(self._facts) + len(self._usage)

    def put(self, tell: Tell) -> None:
        """Queue a report; over the limit the oldest usage goes, then the oldest fact."""
        queue = self._usage if tell.fact is Fact.USAGE else self._facts
        queue.append(report_of(tell, datetime.now(UTC)))
        if len(self) > REPORTS:
            (self._usage or self._facts).popleft()
            self.dropped += 1
        self._wake.set()

    async def run(self) -> None:
        """Send for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while len(self):
                pause = await self._send_some()
                if pause:
                    await asyncio.sleep(pause)

    async def flush(self) -> None:
        """Send what is there, once; for the end of the process."""
        while len(self) and await self._send_some() == 0.0:
            pass

    async def _send_some(self) -> float:
        """Send one batch; the seconds to wait before the next."""
        queue = self._facts or self._usage
        batch = [queue[index] for index in range(min(len(queue), REPORTS_PER_REQUEST))]
        try:
            await self._api.report(batch)
        except ApiDown:
            return self._backoff.failed()
        except ApiRefused as refused:
            if refused.status in NOT_OUR_FAULT:
                return self._backoff.failed()
            batch = await self._send_singly(batch)
        self._backoff.succeeded()
        self._forget(queue, batch)
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

    @staticmethod
    def _forget(queue: deque[Report], batch: list[Report]) -> None:
        """Take the sent ones away; some may have given way to newer ones meanwhile."""
        sent = {report["id"] for report in batch}
        while queue and queue[0]["id"] in sent:
            queue.popleft()
