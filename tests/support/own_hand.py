"""Run as ``python -m tests.support.own_hand DISPLAY RFB_PATH``: prints JSON of what was noticed on that X server.

A process of its own, because python-xlib takes one server a process: it keeps the numbers of events of all in one table.
"""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.host.input.own import X11OwnInput
from agent.host.input.x11 import X11Injector
from tests.fixtures.xvnc import Hand
from wire.messages.input import ButtonEvent, KeyEvent, PointerMove, TextEvent, WheelEvent

SECONDS = 10.0
A = 0x61
INJECTED = (
    PointerMove(0, 300, 200), ButtonEvent(True, 1, 300, 200), ButtonEvent(False, 1, 300, 200),
    WheelEvent(0, 120, 300, 200), KeyEvent(True, A), KeyEvent(False, A), TextEvent("Tasuki 襷"),
)  # fmt: skip


@contextmanager
def watching(display: str) -> Iterator[threading.Event]:
    used, watch = threading.Event(), X11OwnInput(display)
    watch.start(used.set)
    try:
        yield used
    finally:
        watch.stop()
        watch.stop()


def noticed(display: str, act: Callable[[], None]) -> bool:
    with watching(display) as used:
        act()
        return used.wait(SECONDS)


def main(display: str, path: str) -> None:
    hand = Hand(Path(path))
    found = {
        "moved": noticed(display, lambda: hand.moves(200, 150)),
        "pressed": noticed(display, lambda: hand.moves(200, 150, 1)),
        "typed": noticed(display, lambda: hand.presses(A)),
    }
    hand.moves(10, 10)
    injector = X11Injector(display)
    with watching(display) as used:
        for event in INJECTED:
            injector.apply(event)
        injector.close()
        # Events come in order: when the hand is noticed, all that was injected before was seen, and was nobody's.
        found["injected"] = used.is_set()
        hand.moves(301, 201)
        found["moved afterwards"] = used.wait(SECONDS)
    hand.close()
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:3])
