"""Health and metrics on a listener of their own, which by default only this machine can reach."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api import health, metrics
from api.context import Context
from api.operation.collector import FactsCollector
from api.operation.facts import Watch

LAG_EVERY_SECONDS = 0.5
CLOSE_SECONDS = 1


def admin_app(context: Context, watch: Watch) -> Starlette:
    """`/healthz`, `/readyz` and `/metrics`."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        state = health.judge(context, await watch.facts())
        return JSONResponse(state.model_dump(mode="json"), 503 if state.status is health.Condition.FAILING else 200)

    async def scrape(_request: Request) -> Response:
        facts = FactsCollector(context, await watch.facts())
        return Response(context.metrics.render(facts), media_type=metrics.CONTENT_TYPE)

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", scrape)])


class AdminServer(uvicorn.Server):
    """Beside the server of the api, which alone hears signals."""

    def __init__(self, context: Context, watch: Watch) -> None:
        super().__init__(
            uvicorn.Config(
                admin_app(context, watch), log_config=None, access_log=False, lifespan="off", server_header=False,
                timeout_graceful_shutdown=CLOSE_SECONDS, timeout_keep_alive=75,
            )
        )  # fmt: skip

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None are its own."""
        yield


async def serve(context: Context, watch: Watch, listener: socket.socket) -> None:
    """Until cancelled."""
    server = AdminServer(context, watch)
    lag = asyncio.create_task(_measure_lag(context))
    try:
        await server.serve(sockets=[listener])
    finally:
        lag.cancel()
        listener.close()


async def _measure_lag(context: Context) -> None:
    """How long what wants to run has to wait."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_EVERY_SECONDS
        await asyncio.sleep(LAG_EVERY_SECONDS)
        context.metrics.loop_lag.set(max(0.0, loop.time() - due))
