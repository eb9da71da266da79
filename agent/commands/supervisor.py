"""A parent process for a host: when the host's own process is killed, another one takes its seat without a new question.

The parent holds no screen, no key and no connection: only the name of the file by which the next one comes back. It passes on
what it is told (an end from outside) and ends as its child did.
"""

import ctypes
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from agent.commands.hosting import FILE_SETTING
from agent.commands.store import folder
from texts import language_from_env, translate

MOST_RESTARTS: Final = 5
"""In one session: a host that dies again and again is broken."""
_PARENT_SETTING: Final = "TASUKI_HOST_PARENT"
_DEATH_SIGNAL: Final = 1
"""Linux, prctl(2): PR_SET_PDEATHSIG."""
_NOTHING_TO_REPEAT: Final = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP} if os.name == "posix" else ())


def supervised() -> bool:
    """Whether this process is the one that does the work."""
    return FILE_SETTING in os.environ


def supervise(arguments: list[str], file: Path | None = None) -> int:
    """Run ``tasuki ARGUMENTS`` in a process of its own until it ends by itself; its exit code."""
    file = file or folder() / "hosts" / f"{secrets.token_hex(8)}.json"
    environment = os.environ | {FILE_SETTING: str(file), _PARENT_SETTING: str(os.getpid())}
    child: subprocess.Popen[bytes] | None = None

    def pass_on(number: int, _frame: object) -> None:
        if child is not None:
            child.send_signal(number)

    if os.name == "posix":
        signal.signal(signal.SIGINT, _leave_to_the_child)
        signal.signal(signal.SIGHUP, _leave_to_the_child)
        signal.signal(signal.SIGTERM, pass_on)
    for restarts in range(MOST_RESTARTS + 1):
        command = [sys.executable, "-P", "-m", "agent", *arguments]
        child = subprocess.Popen(command, env=_with_path(environment))  # noqa: S603 - this program, as it was called
        code = child.wait()
        killed = code < 0 and -code not in _NOTHING_TO_REPEAT
        if not (killed and file.exists() and restarts < MOST_RESTARTS):
            break
        sys.stderr.write(translate("cli.join.coming_back", language_from_env()) + "\n")
    return code if code >= 0 else 128 - code


def die_with_parent() -> None:
    """Called in the child: nobody supervises a host whose parent was killed, and nobody would end it."""
    parent = os.environ.get(_PARENT_SETTING)
    if not parent or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(parent):
        os.kill(os.getpid(), signal.SIGTERM)


_ALIVE_SECONDS: Final = 15.0
"""A host that lives writes its file more often than this."""


def forsaken() -> Path | None:
    """The newest file whose host and parent are both gone: a session that this machine may come back to."""
    from agent.host.kept import unfinished  # noqa: PLC0415

    for path in unfinished(folder() / "hosts"):
        if time.time() - path.stat().st_mtime > _ALIVE_SECONDS:
            return path
    return None


def _leave_to_the_child(_number: int, _frame: object) -> None:
    """The terminal tells both of us; the child says goodbye in good order."""


def _with_path(environment: dict[str, str]) -> dict[str, str]:
    """`-P` keeps the working folder off the child's path; what this process can import, it can."""
    return environment | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
