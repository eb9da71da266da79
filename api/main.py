"""`python -m api.main`: serve the control plane until told to stop."""

import argparse
import asyncio
import errno
import os
import signal
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn
import uvloop
from pydantic import ValidationError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from api.app import create_app, start
from api.context import Context
from api.keyring.master import MasterKeyError
from api.kit.sealing import SealError
from api.logs import configure_logs
from api.migrate import MigrationBlocked
from api.operation import listener as admin_listener
from api.passwords.leaked import LeakedListError
from api.processes import MOST, Processes
from api.settings import Settings, load_settings

GRACE_SECONDS = 5
"""How long running requests may take once no more come in."""

log = structlog.get_logger()


class CannotStart(Exception):
    """Why the process ends at once, in one sentence that says what to do."""


LISTEN_BACKLOG = 2048
KEEP_ALIVE_SECONDS = 75
"""An idle connection stays open longer than any client of ours rests between two requests (a relay's heartbeat: seconds), so
that none sends one into a connection that is being closed."""


def main() -> int:
    """Exit code 0 after a signal, 1 when it could not start. What it writes is for its own user only."""
    os.umask(0o077)
    configure_logs()
    try:
        settings = read_settings()
        check_certificate(settings)
        given = parse(sys.argv[1:])
        if given.processes > 1:
            return several(settings, given.processes)
        parent = None
        if given.child:
            listener, parent = socket.socket(fileno=given.child[0]), given.child[1]
        else:
            listener = open_listener(settings.listen, "TASUKI_API_LISTEN")
        admin = open_admin_listener(settings, given.child[2] if given.child else 0)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, listener, admin, parent))
    except CannotStart as error:
        sys.stderr.write(f"tasuki api: {error}\n")
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """`--processes N`; and `--child LISTENER PIPE NUMBER`, with which those are started."""
    parser = argparse.ArgumentParser(prog="tasuki serve api", allow_abbrev=False)
    parser.add_argument("--processes", type=int, choices=range(1, MOST + 1), default=1, metavar="N")
    parser.add_argument("--child", type=int, nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def several(settings: Settings, count: int) -> int:
    """Several processes with one database and one listener; the exit code."""
    if make_url(settings.database).get_backend_name() == "sqlite":
        raise CannotStart(
            "several processes need PostgreSQL: set TASUKI_DATABASE_URL=postgresql://…, or leave out --processes"
        )
    listener = open_listener(settings.listen, "TASUKI_API_LISTEN")
    listener.listen(LISTEN_BACKLOG)
    return Processes(listener, count).run()


def read_settings() -> Settings:
    """The settings; CannotStart with the first thing that is wrong with them."""
    try:
        return load_settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "TASUKI_" + str(first["loc"][0]).upper() if first["loc"] else "settings"
        raise CannotStart(f"{name}: {str(first['msg']).removeprefix('Value error, ')}") from error


def check_certificate(settings: Settings) -> None:
    """Try certificate and key before anything else is done."""
    if settings.tls_cert_file is None:
        return
    try:
        ssl.create_default_context().load_cert_chain(settings.tls_cert_file, settings.tls_key_file)
    except OSError as error:
        files = f"{settings.tls_cert_file} and {settings.tls_key_file}"
        why = error.strerror or error
        raise CannotStart(f"the certificate and key {files} cannot be used: {why}") from error


def open_admin_listener(settings: Settings, number: int = 0) -> socket.socket | None:
    """For health and metrics. Where nobody asked for it and its usual port is taken, there is none.

    Of several processes each has the port after that of the one before; or, with port 0, a free one.
    """
    host, port = settings.admin_listen
    try:
        listener = open_listener((host, port + number if port else 0), "TASUKI_API_ADMIN_LISTEN")
        listener.listen()  # of two that start at once, one has it
        return listener
    except (CannotStart, OSError):
        if "api_admin_listen" in settings.model_fields_set:
            raise
        log.warning("api.no_admin_listener", taken=settings.api_admin_listen, set="TASUKI_API_ADMIN_LISTEN")
        return None


def open_listener(address: tuple[str, int], setting: str) -> socket.socket:
    """The listening socket, so that a taken port is known before anything else is done."""
    host, port = address
    try:
        family, kind, proto, _, found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, proto)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(found)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"port {port} on {host} is taken; stop what uses it or set {setting} to another port"
            ) from error
        raise CannotStart(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    listener.setblocking(False)
    return listener


async def serve(
    settings: Settings, listener: socket.socket, admin: socket.socket | None, parent: int | None = None
) -> None:
    """Run until SIGTERM or SIGINT, or until whoever holds the other end of the pipe `parent` is gone."""
    with saying_why():
        app = create_app(settings)
        await start(app.state.context)
    context = app.state.context
    beside = asyncio.create_task(admin_listener.serve(context, app.state.watch, admin)) if admin else None
    server = _Server(_configuration(app, settings), listener, context)
    if parent is not None:
        asyncio.get_running_loop().add_reader(parent, server.orphaned, parent)
    await server.serve(sockets=[listener])
    if beside is not None:
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)


@contextmanager
def saying_why() -> Iterator[None]:
    """What can go wrong before the first request, as one sentence."""
    try:
        yield
    except LeakedListError as error:
        raise CannotStart(f"TASUKI_LEAKED_PASSWORDS_FILE: {error}") from error
    except (MasterKeyError, MigrationBlocked, SealError) as error:
        raise CannotStart(str(error)) from error
    except SQLAlchemyError as error:
        why = str(error.__cause__ or error).strip().splitlines()[0]
        raise CannotStart(f"the database of TASUKI_DATABASE_URL cannot be used: {why}") from error
    except OSError as error:
        raise CannotStart(f"{error.filename or 'a file'}: {error.strerror or error}") from error


def _configuration(app: object, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        ssl_certfile=str(settings.tls_cert_file) if settings.tls_cert_file else None,
        ssl_keyfile=str(settings.tls_key_file) if settings.tls_key_file else None,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=32 * 1024,
    )


class _Server(uvicorn.Server):
    """Says when it is ready; a signal lets long polls go and ends the process with exit code 0."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, context: Context) -> None:
        super().__init__(config)
        self._listener = listener
        self._context = context
        self._delay = context.settings.stop_delay.total_seconds()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = self._listener.getsockname()[:2]
        scheme = "https" if self.config.is_ssl else "http"
        shown = f"[{host}]" if ":" in host else host
        sys.stdout.write(f"tasuki api ready on {scheme}://{shown}:{port}\n")
        sys.stdout.flush()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """In place of uvicorn's own, which raises the signal again and so ends the process as killed."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        """First /readyz says no and connections are closed after their answer, so that whoever spreads requests goes
        elsewhere; after `stop_delay` no more come in. A second signal skips the delay, and cuts nothing off: Ctrl-C in a
        terminal reaches this process and its parent, who sends another."""
        if self._context.stopping.is_set():
            self.should_exit = True
            return
        self._context.stopping.set()
        self._context.waker.wake_all()
        asyncio.get_running_loop().call_later(self._delay, self._no_more)

    def orphaned(self, pipe: int) -> None:
        """The process that started this one is gone, and whoever starts it anew wants the port."""
        asyncio.get_running_loop().remove_reader(pipe)
        self._stop()

    def _no_more(self) -> None:
        self.should_exit = True


if __name__ == "__main__":
    sys.exit(main())
