"""What web/ holds, read once at start: a request finds a file by a look-up in a dict, never by joining a path."""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

from api.settings import Settings

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
}
FOLDERS = ("app", "core", "vendor")
MAX_FILE_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class File:
    """One file, ready to send."""

    body: bytes
    media_type: str
    etag: str

    @classmethod
    def of(cls, body: bytes, media_type: str) -> "File":
        """With the etag that follows from its content."""
        return cls(body, media_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def web_folder(settings: Settings) -> Path | None:
    """As set; else beside `api` in a source checkout; else where the wheel puts data files."""
    if settings.web_dir is not None:
        return settings.web_dir
    for folder in (Path(__file__).parents[2] / "web", Path(sys.prefix) / "share" / "tasuki" / "web"):
        if (folder / "app").is_dir():
            return folder
    return None


def read_manifest(folder: Path | None) -> dict[str, File]:
    """`/web/…` path → file, for every file of a known type in app, core and vendor. Links out of the folder are left out."""
    found: dict[str, File] = {}
    if folder is None:
        return found
    root = folder.resolve()
    for part in FOLDERS:
        for path in sorted((root / part).rglob("*")):
            media_type = TYPES.get(path.suffix)
            if media_type is None or not path.is_file() or not path.resolve().is_relative_to(root):
                continue
            if path.stat().st_size <= MAX_FILE_BYTES:
                found[f"/web/{path.relative_to(root).as_posix()}"] = File.of(path.read_bytes(), media_type)
    return found
