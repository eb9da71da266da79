"""Whether the process lives, and whether it can work."""

from typing import Literal

from fastapi import APIRouter

from api.context import Ctx
from api.db import ping
from api.examples import answers
from api.kit.schema import View
from api.problems import Unavailable

router = APIRouter(tags=["operation"])


class Health(View):
    """How the process is."""

    status: Literal["ok"] = "ok"


@router.get("/healthz", operation_id="health", summary="Is the process alive?")
async def healthz() -> Health:
    """Answers as long as the process runs; says nothing of the database."""
    return Health()


@router.get("/readyz", operation_id="ready", summary="Can the process work?", responses=answers(Unavailable))
async def readyz(context: Ctx) -> Health:
    """Answers 200 when the database does, else 503."""
    if not await ping(context.database):
        raise Unavailable("The database does not answer.", retry_after=5)
    return Health()
