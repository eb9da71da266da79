"""Input applied in a thread of its own, so that long text holds up neither the picture nor the stop button."""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from agent.host.input.base import Injector, InputError
from wire.messages.input import Event, PointerMove, ReleaseAll

MAX_QUEUED: Final = 4096
"""Events that may wait; more means that the display does not keep up."""
_CLOSE_SECONDS: Final = 3.0


class InputWorker:
    """Takes events from any thread and applies them in order, each only if `permitted` still says so then.

    `permitted` is the consent's ``may_apply_input`` (R12): what is queued when the customer stops or pauses is never
    applied. `lost` is called once, in the worker's thread, when the display is gone.
    """

    def __init__(
        self, injector: Injector, permitted: Callable[[], bool], lost: Callable[[InputError], None] | None = None
    ) -> None:
        self._injector = injector
        self._permitted = permitted
        self._lost = lost
        self._queue: deque[Event | PointerMove] = deque()
        self._changed = threading.Condition()
        self._idle = True
        self._closing = False
        self._halt = False
        self.refused = 0
        """Events dropped because they were not permitted, or because too many waited."""
        injector.halted = lambda: self._halt or not permitted()
        self._thread = threading.Thread(target=self._run, name="input", daemon=True)
        self._thread.start()

    def submit(self, event: Event | PointerMove) -> None:
        """Apply `event` after those before it; returns at once. A pointer place replaces one that still waits last."""
        with self._changed:
            if not self._permitted() or self._closing or len(self._queue) >= MAX_QUEUED:
                self.refused += 1
                return
            if isinstance(event, PointerMove) and self._queue and isinstance(self._queue[-1], PointerMove):
                self._queue.pop()
            self._queue.append(event)
            self._changed.notify_all()

    def release_all(self) -> None:
        """Drop what waits, break off a text, let go of every key and button (viewer lost, pause, stop)."""
        with self._changed:
            self.refused += len(self._queue)
            self._queue.clear()
            self._halt = True
            self._queue.append(ReleaseAll())
            self._changed.notify_all()

    def wait_idle(self, seconds: float) -> bool:
        """Wait until everything submitted is applied; False when that took longer than `seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: self._idle and not self._queue, seconds)

    def close(self) -> None:
        """Let go of everything and end; may be called twice. Takes up to the time the last text needs to break off."""
        self.release_all()
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        try:
            while (event := self._next()) is not None:
                self._apply(event)
        except InputError as error:
            with self._changed:
                self._closing = True
                self._queue.clear()
            if self._lost:
                self._lost(error)
        finally:
            with suppress(InputError):
                self._injector.close()
            with self._changed:
                self._idle = True
                self._changed.notify_all()

    def _next(self) -> Event | PointerMove | None:
        """Wait for the next event, and meanwhile do what the clock brings; None to end."""
        while True:
            due = self._injector.tick()
            with self._changed:
                if not (self._queue or self._closing):
                    self._idle = True
                    self._changed.notify_all()
                    self._changed.wait(due)
                if self._queue:
                    return self._take()
                if self._closing:
                    return None

    def _take(self) -> Event | PointerMove:
        self._idle = False
        event = self._queue.popleft()
        if isinstance(event, ReleaseAll):
            self._halt = False
        return event

    def _apply(self, event: Event | PointerMove) -> None:
        """Letting go is always permitted."""
        if isinstance(event, ReleaseAll) or self._permitted():
            self._injector.apply(event)
        else:
            self.refused += 1
