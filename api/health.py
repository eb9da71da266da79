"""Whether the process lives, and whether it can work."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from api.context import Context, Ctx
from api.examples import answers
from api.kit.schema import View
from api.operation.facts import Facts, Watch
from api.problems import Unavailable

RETRY_SECONDS = 5
UPKEEP_LATE_SECONDS = 60.0
OUTBOX_LATE_SECONDS = 15 * 60.0
SEQUENCING_LATE_SECONDS = 60.0
CERTIFICATE_NEAR = timedelta(days=14)
CLOCK_APART = timedelta(seconds=5)
DISK_LOW_BYTES = 1 << 30
DISK_LOW_PART = 0.05

router = APIRouter(tags=["operation"])


def _watch(request: Request) -> Watch:
    watch: Watch = request.app.state.watch
    return watch


Watching = Annotated[Watch, Depends(_watch)]


class Condition(StrEnum):
    """How something is."""

    OK = "ok"
    WARNING = "warning"
    """Requests are answered; somebody should look before long."""
    FAILING = "failing"
    """Requests cannot be answered."""


class Health(View):
    """How the process is."""

    status: Condition = Field(
        default=Condition.OK, description="The worst of its parts; `failing` is answered with 503."
    )


class Readiness(Health):
    """How the process is, part by part. Only words: the numbers are on the listener for metrics."""

    parts: dict[str, Condition] = Field(
        description="process, database, keyring, disk, upkeep, webhooks, mail, audit, relays, clock, certificate.",
        examples=[{"process": "ok", "database": "ok", "keyring": "ok", "disk": "ok", "relays": "ok"}],
    )


@router.get("/healthz", operation_id="health", summary="Is the process alive?")
async def healthz() -> Health:
    """Answers as long as the process runs; says nothing of the database."""
    return Health()


@router.get("/readyz", operation_id="ready", summary="Can the process work?", responses=answers(Unavailable))
async def readyz(context: Ctx, watch: Watching) -> Readiness:
    """Answers 503 when the database or the keyring does not work, or the process is about to end; `parts` says which.
    What is only a warning (a full disk before long, mail that is not sent, an old certificate) is said and answered with 200."""
    state = judge(context, await watch.facts())
    if state.status is Condition.FAILING:
        failing = ", ".join(name for name, part in state.parts.items() if part is Condition.FAILING)
        raise Unavailable(f"Not ready: {failing}.", retry_after=RETRY_SECONDS, parts=state.parts)
    return state


def judge(context: Context, facts: Facts) -> Readiness:
    """What the facts mean."""
    until = facts.machine.certificate_until
    must = {
        "process": not context.stopping.is_set(),
        "database": facts.database,
        "keyring": facts.keyring,
    }
    should = {
        "disk": facts.machine.disk_free > min(DISK_LOW_BYTES, facts.machine.disk_size * DISK_LOW_PART),
        "upkeep": (facts.machine.upkeep_age or 0.0) < UPKEEP_LATE_SECONDS,
        "webhooks": facts.overdue(facts.webhooks) < OUTBOX_LATE_SECONDS,
        "mail": facts.overdue(facts.mails) < OUTBOX_LATE_SECONDS,
        "audit": facts.sequencing_lag < SEQUENCING_LATE_SECONDS,
        "relays": facts.relays > 0 or not facts.database,
        "clock": abs(facts.clock_skew or timedelta()) < CLOCK_APART,
        "certificate": until is None or until - facts.now > CERTIFICATE_NEAR,
    }
    parts = {name: Condition.OK if good else Condition.FAILING for name, good in must.items()}
    parts |= {name: Condition.OK if good else Condition.WARNING for name, good in should.items()}
    worst = next((state for state in (Condition.FAILING, Condition.WARNING) if state in parts.values()), Condition.OK)
    return Readiness(status=worst, parts=parts)
