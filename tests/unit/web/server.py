"""A tiny static server for browser tests: the files of `web/`, test modules and vectors, under the real content policy."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tools import vendor

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = {
    "/web/": ROOT / "web",
    "/js/": Path(__file__).parent / "js",
    "/vectors/": ROOT / "tests/vectors",
    "/strings/": ROOT / "texts",
}
TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".html": "text/html",
    ".svg": "image/svg+xml",
}
PAGE = b"<!doctype html><html lang=en><meta charset=utf-8><title>test</title><link rel=icon href=data:,><body></body></html>"
CSP = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self' ws://127.0.0.1:*; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cache-Control": "no-cache",
}

Answer = tuple[int, str, bytes]
"""Status, media type, body."""


class Handler(BaseHTTPRequestHandler):
    """Serves files; `routes` of the server may answer first (canned answers of the api)."""

    server: "Site"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        status, media, data = self.server.answer(self.command, path, body)
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": media, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Quiet: a failed test shows what the page said."""


class Site(ThreadingHTTPServer):
    """The server; `routes` maps ``METHOD path`` to an answer, `seen` keeps what was asked of them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.routes: dict[str, Any] = {}
        self.seen: list[tuple[str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        route = self.routes.get(f"{method} {path}")
        if route is not None:
            self.seen.append((f"{method} {path}", body))
            answer: Answer = route(body) if callable(route) else route
            return answer
        return (200, "text/html", PAGE) if path == "/" else _file(path)


def json_answer(value: object, status: int = 200) -> Answer:
    """A canned JSON answer."""
    media = "application/json" if status < HTTPStatus.BAD_REQUEST else "application/problem+json"
    return status, media, json.dumps(value).encode()


def page_answer(name: str) -> Answer:
    """A page of the app."""
    return 200, "text/html", (ROOT / "web/app" / name).read_bytes()


def _file(path: str) -> Answer:
    for prefix, folder in FOLDERS.items():
        if path.startswith(prefix):
            file = (folder / path.removeprefix(prefix)).resolve()
            if file.is_relative_to(folder) and file.is_file():
                return 200, TYPES.get(file.suffix, "application/octet-stream"), file.read_bytes()
    return 404, "text/plain", b"not here"


@contextmanager
def serve() -> Iterator[Site]:
    """A running server on a free port."""
    vendor.build(ROOT)
    with Site() as site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield site
        finally:
            site.shutdown()
            thread.join()
