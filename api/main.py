"""`python -m api.main`: serve the control plane until told to stop."""

import asyncio
import errno
import signal
import socket
import sys

import uvicorn
import uvloop
from pydantic import ValidationError

from api.app import create_app
from api.kit.sealing import MasterKeyError, SealError
from api.logs import configure_logs
from api.settings import Settings, load_settings

GRACE_SECONDS = 5
"""How long running requests may take after the signal to stop."""


class CannotStart(Exception):
    """Why the process ends at once, in one sentence that says what to do."""


def main() -> int:
    """Exit code 0 after a signal, 1 when it could not start."""
    configure_logs()
    try:
        settings = read_settings()
        listener = open_listener(settings)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, listener))
    except CannotStart as error:
        sys.stderr.write(f"tasuki api: {error}\n")
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def read_settings() -> Settings:
    """The settings; CannotStart with the first thing that is wrong with them."""
    try:
        return load_settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "TASUKI_" + str(first["loc"][0]).upper() if first["loc"] else "settings"
        raise CannotStart(f"{name}: {str(first['msg']).removeprefix('Value error, ')}") from error


def open_listener(settings: Settings) -> socket.socket:
    """The listening socket, so that a taken port is known before anything else is done."""
    host, port = settings.listen
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, proto)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"port {port} on {host} is taken; stop what uses it or set TASUKI_API_LISTEN to another port"
            ) from error
        raise CannotStart(f"cannot listen on {settings.api_listen}: {error.strerror or error}") from error
    listener.setblocking(False)
    return listener


async def serve(settings: Settings, listener: socket.socket) -> None:
    """Run until SIGTERM or SIGINT."""
    try:
        app = create_app(settings)
    except (MasterKeyError, SealError, OSError) as error:
        raise CannotStart(str(error)) from error
    server = _Server(_configuration(app, settings), listener)
    try:
        await server.serve(sockets=[listener])
    except SystemExit as error:
        raise CannotStart("see the message above") from error
    if server.failed:
        raise CannotStart(f"{server.failed}; is TASUKI_DATABASE_URL right, and its server running?")


def _configuration(app: object, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        ssl_certfile=str(settings.tls_cert_file) if settings.tls_cert_file else None,
        ssl_keyfile=str(settings.tls_key_file) if settings.tls_key_file else None,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=32 * 1024,
    )


class _Server(uvicorn.Server):
    """Says when it is ready, and lets long polls go when it is told to stop."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket) -> None:
        super().__init__(config)
        self._listener = listener
        self.failed: str | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self._listener.getsockname()[:2]
            scheme = "https" if self.config.is_ssl else "http"
            shown = f"[{host}]" if ":" in host else host
            sys.stdout.write(f"tasuki api ready on {scheme}://{shown}:{port}\n")
            sys.stdout.flush()
        else:
            self.failed = "the api could not start"

    def handle_exit(self, sig: int, frame: object) -> None:
        self.config.app.state.context.stopping.set()  # type: ignore[union-attr]
        self.config.app.state.context.waker.wake_all()  # type: ignore[union-attr]
        if sig == signal.SIGINT:
            self.should_exit = True
            return
        super().handle_exit(sig, frame)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main())
