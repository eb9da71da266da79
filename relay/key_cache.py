"""The api's public keys on disk, so that tickets are believed while the api is away. Nothing secret is in the file."""

import hashlib
import json
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger()


class KeyCache:
    """One small JSON file per relay address in the data directory; without a directory it remembers nothing."""

    def __init__(self, data_dir: Path | None, public_url: str) -> None:
        name = hashlib.sha256(public_url.encode()).hexdigest()[:12]
        self.path = data_dir / f"relay-{name}.json" if data_dir else None

    def load(self) -> dict[str, Any] | None:
        """What was saved last; None without it."""
        if self.path is None or not self.path.exists():
            return None
        try:
            known = json.loads(self.path.read_text())
        except (OSError, ValueError):
            log.warning("relay.key_cache_unreadable", path=str(self.path))
            return None
        return known if isinstance(known, dict) else None

    def save(self, relay_id: str, issuer: str, jwks: dict[str, Any]) -> None:
        """Keep this; a directory that cannot be written is logged, not fatal."""
        if self.path is None:
            return
        temporary = self.path.with_suffix(".tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps({"relay_id": relay_id, "issuer": issuer, "jwks": jwks}))
            temporary.replace(self.path)
        except OSError as error:
            log.warning("relay.key_cache_unwritable", path=str(self.path), error=error.strerror)
