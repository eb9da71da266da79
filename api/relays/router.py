"""Routes for relays, and for those who look after them."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth.caller import RelaysReader
from api.context import Ctx, Db
from api.examples import answers
from api.kit.pages import Cursor, Limit, Page, after_cursor, page_of
from api.polling import poll
from api.problems import BadCursor, TokenRefused
from api.relays import reports, repository, service
from api.relays.caller import AskingRelay, AskingRelayId
from api.relays.schemas import (
    Command,
    Commands,
    Empty,
    Heartbeat,
    RelayRegister,
    RelayRegistered,
    RelayView,
    Reports,
    ReportsTaken,
)

MAX_WAIT_SECONDS = 25

router = APIRouter(prefix="/v1/relays", tags=["relays"])


@router.get("", operation_id="list_relays", summary="List relays", responses=answers(BadCursor))
async def list_relays(
    _caller: RelaysReader, context: Ctx, db: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[RelayView]:
    """The relays of the installation and how they are, newest first."""
    since = service.healthy_since(context)
    rows = await repository.page(db, after_cursor(cursor), limit)
    return page_of([service.view(relay, since) for relay in rows], [relay.id for relay in rows], limit)


@router.post("/register", operation_id="register_relay", summary="Register a relay", responses=answers(TokenRefused))
async def register(relay: AskingRelay, body: RelayRegister, context: Ctx, db: Db) -> RelayRegistered:
    """A relay calls this when it starts, and again when a ticket names a key it does not know.

    The answer has what it needs to check tickets by itself, and the sessions that ended while it was away.
    """
    return await service.register(db, context, relay, body)


@router.post(
    "/heartbeat", operation_id="relay_heartbeat", summary="Say that a relay lives", responses=answers(TokenRefused)
)
async def heartbeat(relay: AskingRelay, body: Heartbeat, context: Ctx, db: Db) -> Empty:
    """Every `heartbeat_seconds`. After three missed ones no new session is given to the relay."""
    service.heartbeat(db, relay, body, context.clock.now())
    return Empty()


@router.get(
    "/commands",
    operation_id="get_relay_commands",
    summary="Wait for commands",
    response_model_exclude_none=True,
    responses=answers(TokenRefused),
)
async def commands(
    relay_id: AskingRelayId,
    context: Ctx,
    after: Annotated[int, Query(ge=0, le=1 << 53, description="Id of the last command that was carried out.")] = 0,
    wait: Annotated[int, Query(ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait for a command.")] = 0,
) -> Commands:
    """A long poll: answers at once when there is something to do, else after `wait` seconds with nothing."""

    async def read() -> list[Command]:
        async with context.database.read() as db:
            return [service.command(context, row) for row in await repository.commands_after(db, relay_id, after)]

    return Commands(commands=await poll(context, service.topic(relay_id), wait, read))


@router.post(
    "/reports", operation_id="send_relay_reports", summary="Report what happened", responses=answers(TokenRefused)
)
async def take_reports(relay: AskingRelay, body: Reports, context: Ctx, db: Db) -> ReportsTaken:
    """Who joined, left, was let in; that a host ended its session; bytes and seconds. A report sent twice counts once."""
    return ReportsTaken(accepted=await reports.take(db, context, relay, body.reports))
