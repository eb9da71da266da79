"""One relay process: `python -m relay.main`. Settings by environment (relay/settings.py)."""

import asyncio
import resource
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import structlog
import uvloop
from pydantic import ValidationError

from relay import health, logs
from relay.admin import AdminListener, Answer
from relay.api_client import ApiClient
from relay.commands import Commands
from relay.control import Control
from relay.gate import Gate
from relay.key_cache import KeyCache
from relay.limits import CONNECTIONS
from relay.metrics import RelayCollector, render
from relay.reports import Reports
from relay.server import RelayServer
from relay.settings import Listen, Settings, load_settings
from relay.tickets import TicketDesk

log = structlog.get_logger()

FIRST_ATTEMPT_SECONDS = 2.0
RESTART_SECONDS = 1.0
OTHER_FILES = 64
"""Open files that are not participants' connections."""
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def connections_allowed() -> int:
    """As many connections as files may be open, up to CONNECTIONS; the process' own limit is raised as far as it goes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + OTHER_FILES
    files = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(1, files - OTHER_FILES)


class CannotStart(Exception):
    """One sentence for whoever started the relay."""


async def _for_ever(run: Callable[[], Awaitable[None]]) -> None:
    """A fault in one of the parts that talk to the api is logged, and the part started again."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("relay.part_fault")
            await asyncio.sleep(RESTART_SECONDS)


class Relay:
    """The parts of one process, put together."""

    def __init__(self, settings: Settings) -> None:
        try:
            self._token, self._tls = settings.token(), settings.tls()
        except ValueError as error:
            raise CannotStart(str(error)) from None
        self._settings = settings
        self.stopping = asyncio.Event()
        self.api = ApiClient(settings, self._token)
        self.reports = Reports(self.api)
        self.server = RelayServer(TicketDesk(), self.reports.put, settings.trusted_proxies, Gate(connections_allowed()))
        self.control = Control(
            self.api, self.server, KeyCache(settings.data_dir, settings.relay_public_url), settings.relay_public_url
        )
        self.commands = Commands(self.api, self.server, self.stopping.set)
        self.admin = AdminListener({"/healthz": self._health, "/readyz": self._ready, "/metrics": self._metrics})
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> list[str]:
        """Listen and register; returns the addresses with their real ports. Raises `CannotStart`."""
        scheme = "wss" if self._tls else "ws"
        urls = []
        for listen in self._settings.relay_listen:
            port = await self._open(listen, self.server.listen(listen.host, listen.port, self._tls))
            urls.append(listen.url(scheme, port))
        admin = self._settings.relay_admin_listen
        port = await self._open(admin, self.admin.listen(admin.host, admin.port))
        log.info("relay.admin_ready", url=admin.url("http", port))
        self.control.load_cache()
        self._tasks = [asyncio.create_task(_for_ever(part.run)) for part in (self.control, self.commands, self.reports)]
        with suppress(TimeoutError):  # it goes on trying
            await asyncio.wait_for(self.control.first_attempt.wait(), FIRST_ATTEMPT_SECONDS)
        return urls

    async def stop(self) -> None:
        """Drain, hand over the last reports, and close everything."""
        log.info("relay.draining", participants=self.server.registry.participants)
        self.server.draining = True
        await asyncio.gather(self.server.drain(), self.control.say_draining())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await asyncio.wait_for(self.reports.flush(), FIRST_ATTEMPT_SECONDS)
        except TimeoutError:
            log.warning("relay.reports_lost", reports=len(self.reports))
        await self.server.close()
        await self.admin.close()
        await self.api.close()

    def loop_fault(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What nobody caught. TLS handshakes that strangers break off are counted, not logged with a traceback each."""
        message = str(context.get("message"))
        if message.startswith("SSL"):
            self.server.counters.refused["tls"] += 1
        else:
            log.error("relay.loop_fault", message=message, error=repr(context.get("exception")))

    @staticmethod
    async def _open(listen: Listen, opening: Awaitable[int]) -> int:
        try:
            return await opening
        except OSError as error:
            why = "is taken by another program" if error.errno == 98 else f"cannot be used ({error.strerror})"
            raise CannotStart(f"{listen.host}:{listen.port} {why}; choose another address") from None

    def _health(self) -> Answer:
        if self.server.draining:
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, b"draining\n")
        if not self.server.desk.ready:
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, b"not registered with the api yet\n")
        return Answer(HTTPStatus.OK, b"ok\n")

    def _ready(self) -> Answer:
        return health.ready(self.server, self.control, self._settings.tls_cert_file)

    def _metrics(self) -> Answer:
        collector = RelayCollector(self.server, self.control, self.reports, self._settings.tls_cert_file)
        return Answer(HTTPStatus.OK, render(collector), METRICS_TYPE)


async def serve(settings: Settings) -> None:
    """Run until SIGTERM, SIGINT or a drain command."""
    relay = Relay(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, relay.stopping.set)
    loop.set_exception_handler(relay.loop_fault)
    for url in await relay.start():
        print(f"relay ready on {url}", flush=True)  # noqa: T201 - the line others wait for
    await relay.stopping.wait()
    await relay.stop()


def main() -> int:
    """Exit code 0 after a drain, 1 with one sentence on stderr when it cannot start."""
    logs.configure()
    try:
        uvloop.run(serve(load_settings()))
    except ValidationError as error:
        return _fail("; ".join(_sentence(dict(problem)) for problem in error.errors()))
    except CannotStart as error:
        return _fail(str(error))
    return 0


def _sentence(problem: dict[str, object]) -> str:
    names = problem.get("loc")
    name = f"TASUKI_{str(names[0]).upper()}: " if isinstance(names, tuple) and names else ""
    return name + str(problem.get("msg")).removeprefix("Value error, ")


def _fail(sentence: str) -> int:
    print(f"relay: {sentence}", file=sys.stderr)  # noqa: T201 - for whoever started it
    return 1


if __name__ == "__main__":
    sys.exit(main())
