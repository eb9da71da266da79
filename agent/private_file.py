"""Files that only this user reads: credentials, and what a killed process leaves for the next one."""

import json
import os
from pathlib import Path


def write(path: Path, value: object, *, durable: bool = False) -> None:
    """JSON, replaced as a whole or not at all; `durable`: on the disk before anybody relies on it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(value, file)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    draft.replace(path)
