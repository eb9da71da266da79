"""Several api processes behind one listening socket: the kernel gives each connection to one that is free.

This process accepts nothing itself. It starts the others, starts one that ended anew, and passes on the signal to stop. Were it
killed, the others notice by a pipe that it held, and stop. Their health and metrics are at ports that follow one another.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import structlog

MOST = 64
REST_SECONDS = 1.0
"""Before one that ended is started anew, so that one that cannot run does not keep the machine busy."""

log = structlog.get_logger()


class Processes:
    """The parent's view of them."""

    def __init__(self, listener: socket.socket, count: int) -> None:
        self._listener = listener
        self._children: list[subprocess.Popen[str] | None] = [None] * count
        self._alive, self._held = os.pipe()
        self._stopping = False

    def run(self) -> int:
        """Until told to stop, or until one cannot start; the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        try:
            for index in range(len(self._children)):
                self._start(index)
            ready = [_ready(child) for child in self._children if child is not None]
            if not all(ready):
                return 1
            if not self._stopping:
                sys.stdout.write(ready[0])  # the port is one and the same
                sys.stdout.flush()
            self._watch()
            return 0
        finally:
            self.stop()
            for child in self._children:
                if child is not None:
                    child.wait()

    def stop(self) -> None:
        """Tell all of them; a second time makes it at once."""
        self._stopping = True
        for child in self._children:
            if child is not None and child.poll() is None:
                child.send_signal(signal.SIGTERM)

    def _start(self, index: int) -> None:
        numbers = [str(self._listener.fileno()), str(self._alive), str(index)]
        self._children[index] = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-P", "-m", "api.main", "--child", *numbers], stdout=subprocess.PIPE, text=True,
            pass_fds=(self._listener.fileno(), self._alive), cwd=Path.cwd(),
        )  # fmt: skip

    def _watch(self) -> None:
        """Start anew what ends, until told to stop."""
        while not self._stopping:
            try:
                pid, status = os.waitpid(-1, 0)
            except ChildProcessError:
                return
            for index, child in enumerate(self._children):
                if child is not None and child.pid == pid:
                    child.returncode = os.waitstatus_to_exitcode(status)
                    if not self._stopping:
                        log.error("api.process_ended", process=index, code=child.returncode)
                        time.sleep(REST_SECONDS)
                    if not self._stopping:
                        self._start(index)


def _ready(child: "subprocess.Popen[str]") -> str:
    """The line with which it says so; empty when it ended instead, and has said why."""
    with child.stdout or sys.stdin as said:
        return said.readline()
