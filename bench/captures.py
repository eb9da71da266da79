"""When a host captured a picture: noted by the host's own process, on the clock that all processes of this machine share."""

import os
import struct
import sys
import time
from pathlib import Path
from typing import Final
from unittest.mock import patch

FILE_SETTING: Final = "BENCH_CAPTURES_TO"
ROOT: Final = Path(__file__).parents[1]
START: Final = f"import os; from {__name__} import note; note(os.environ['{FILE_SETTING}'])\n"
_TIME: Final = struct.Struct("=d")


def note(path: str) -> None:
    """From now on, in this process: each capture, when the picture is on its way."""
    from agent.host.session import HostSession

    file, really = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), HostSession._send_picture

    def noting(session: HostSession, now: float) -> None:
        really(session, now)
        os.write(file, _TIME.pack(time.perf_counter()))

    patch.object(HostSession, "_send_picture", noting).start()


def variables(folder: Path, file: Path) -> dict[str, str]:
    """What makes a host started with these note its captures in `file`; `folder` is for the hook."""
    (folder / "sitecustomize.py").write_text(START)
    file.touch()
    return {FILE_SETTING: str(file), "PYTHONPATH": ":".join([str(folder), str(ROOT), *filter(None, sys.path)])}


def last(file: Path, after: float) -> float:
    """The last capture since then; `after` when there was none."""
    data = file.read_bytes()
    return max((when for (when,) in _TIME.iter_unpack(data) if when > after), default=after)
