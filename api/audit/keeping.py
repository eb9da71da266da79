"""What is done for the log all the time: lines get their place, and checkpoints are sent out."""

import asyncio
import time

import structlog

from api.audit.tree import witness
from api.audit.tree.sequencer import EVERY_SECONDS, Sequencer
from api.context import Context

log = structlog.get_logger()


async def run(context: Context) -> None:
    """For ever. A failure is logged and tried again: this must not stop."""
    sequencer, looked = Sequencer(context), float("-inf")
    while True:
        try:
            await sequencer.step()
            if time.monotonic() - looked >= witness.EVERY_SECONDS:
                looked = time.monotonic()
                await witness.send_due(context)
        except Exception:  # logged, and tried again
            log.exception("api.audit_failed")
            context.metrics.failures.labels("audit").inc()
        await asyncio.sleep(EVERY_SECONDS)
