"""The FRAME queue of one viewer: the state table of docs/protocol.md 8, written as a table.

A viewer that falls behind is cut; it comes back by a catch-up picture that, once begun, is delivered whole and
before the live group that follows it. Pure: the time is handed in.
"""

from collections import deque
from enum import Enum, auto
from typing import Final

from relay.limits import CATCHUP_BYTES
from relay.messages import Message
from wire.errors import TooLarge
from wire.limits import BEHIND_INTERVAL_SECONDS, LIVE_QUEUE_BYTES, LIVE_QUEUE_SECONDS


class State(Enum):
    """Where a viewer stands in the picture stream."""

    NEW = auto()
    """Not let in by the host yet: gets no picture."""
    CUT = auto()
    """Without the live stream, until a catch-up picture begins."""
    CATCH = auto()
    """A catch-up picture was begun; its group has not started yet."""
    LIVE = auto()
    """Gets the live stream."""


class Event(Enum):
    """What can happen to a viewer's picture queue."""

    ADMIT = auto()
    HOST_JOINED = auto()
    OVER_LIMIT = auto()
    CATCHUP_FIRST = auto()
    CATCHUP_MORE = auto()
    GROUP_FIRST = auto()
    LIVE_PART = auto()


class Step(Enum):
    """What is done about it."""

    DROP = auto()
    """Nothing; a message is not queued."""
    CLEAR = auto()
    """Forget everything queued, → CUT."""
    SHED = auto()
    """Forget the live parts, keep a catch-up that was begun, → CUT and tell the host when drained."""
    BEGIN = auto()
    """Start this catch-up if none is queued or the last one is incomplete, → CATCH."""
    REPLACE = auto()
    """Start this catch-up only if the last one is incomplete (and so can never be shown)."""
    CONTINUE = auto()
    """Another part of the catch-up that was begun."""
    GO_LIVE = auto()
    """The group after the catch-up starts: queue behind it, → LIVE."""
    QUEUE = auto()


TABLE: Final[dict[State, dict[Event, Step]]] = {
    State.NEW: {
        Event.ADMIT: Step.CLEAR,
        Event.HOST_JOINED: Step.DROP,
        Event.OVER_LIMIT: Step.DROP,
        Event.CATCHUP_FIRST: Step.DROP,
        Event.CATCHUP_MORE: Step.DROP,
        Event.GROUP_FIRST: Step.DROP,
        Event.LIVE_PART: Step.DROP,
    },
    State.CUT: {
        Event.ADMIT: Step.CLEAR,
        Event.HOST_JOINED: Step.CLEAR,
        Event.OVER_LIMIT: Step.DROP,
        Event.CATCHUP_FIRST: Step.BEGIN,
        Event.CATCHUP_MORE: Step.CONTINUE,
        Event.GROUP_FIRST: Step.DROP,
        Event.LIVE_PART: Step.DROP,
    },
    State.CATCH: {
        Event.ADMIT: Step.CLEAR,
        Event.HOST_JOINED: Step.CLEAR,
        Event.OVER_LIMIT: Step.DROP,
        Event.CATCHUP_FIRST: Step.REPLACE,
        Event.CATCHUP_MORE: Step.CONTINUE,
        Event.GROUP_FIRST: Step.GO_LIVE,
        Event.LIVE_PART: Step.DROP,
    },
    State.LIVE: {
        Event.ADMIT: Step.CLEAR,
        Event.HOST_JOINED: Step.CLEAR,
        Event.OVER_LIMIT: Step.SHED,
        Event.CATCHUP_FIRST: Step.DROP,
        Event.CATCHUP_MORE: Step.CONTINUE,
        Event.GROUP_FIRST: Step.QUEUE,
        Event.LIVE_PART: Step.QUEUE,
    },
}


def event_of(message: Message) -> Event:
    """Which column of the table a FRAME message belongs to."""
    if message.catchup:
        return Event.CATCHUP_FIRST if message.first else Event.CATCHUP_MORE
    return Event.GROUP_FIRST if message.group and message.first else Event.LIVE_PART


class PictureQueue:
    """What of the picture stream waits for one viewer."""

    def __init__(self) -> None:
        self.state = State.NEW
        self.live_bytes = 0
        self.catchup_bytes = 0
        self.cuts = 0
        """How often this viewer was cut for falling behind."""
        self.shed = 0
        """Messages dropped by that."""
        self._catchup: deque[Message] = deque()
        self._live: deque[Message] = deque()
        self._open = False
        """A catch-up was begun whose LAST part has not arrived."""
        self._mine = False
        """The catch-up whose parts are arriving is the one begun here, not one that was dropped."""
        self._catchup_moved = 0.0
        """When a part of a catch-up last came or went; live parts behind it do not age before."""
        self._tell_host = False
        self._told_at = float("-inf")

    def __len__(self) -> int:
        return len(self._catchup) + len(self._live)

    @property
    def size(self) -> int:
        """Bytes queued."""
        return self.live_bytes + self.catchup_bytes

    def put(self, message: Message, now: float) -> bool:
        """Queue a FRAME message as the table says; False if it was dropped. Raises `TooLarge` on an endless catch-up."""
        queued = self._step(event_of(message), message, now)
        self.check_limits(now)
        return queued

    def admit(self, now: float) -> None:
        """The host let this viewer in (again)."""
        self._step(Event.ADMIT, None, now)

    def host_joined(self, now: float) -> None:
        """The host connected anew: what it sends next has nothing to do with what is queued."""
        self._step(Event.HOST_JOINED, None, now)

    def check_limits(self, now: float) -> None:
        """Cut a viewer whose live parts are too many or too old."""
        if self.live_bytes > LIVE_QUEUE_BYTES or self.age(now) > LIVE_QUEUE_SECONDS:
            self._step(Event.OVER_LIMIT, None, now)

    def age(self, now: float) -> float:
        """Seconds the oldest live part has been waiting for the connection (not for its own catch-up)."""
        if self._catchup or not self._live:
            return 0.0
        return now - max(self._live[0].arrived, self._catchup_moved)

    def take(self, now: float) -> Message | None:
        """The next message to send; live parts only after the catch-up before them is complete."""
        if self._catchup:
            self._catchup_moved = now
            message = self._catchup.popleft()
            self.catchup_bytes -= len(message.raw)
            return message
        if self._live and not self._open:
            message = self._live.popleft()
            self.live_bytes -= len(message.raw)
            return message
        return None

    @property
    def live(self) -> bool:
        """It gets the live stream."""
        return self.state is State.LIVE

    @property
    def sendable(self) -> bool:
        """Whether `take` would give something."""
        return bool(self._catchup) or bool(self._live and not self._open)

    def behind(self, now: float) -> bool:
        """Whether the host is to be told now; true at most once per cut and per BEHIND_INTERVAL_SECONDS."""
        if not self._tell_host or len(self) or now - self._told_at < BEHIND_INTERVAL_SECONDS:
            return False
        self._tell_host, self._told_at = False, now
        return True

    @property
    def tells_host(self) -> bool:
        """A `behind` is due or will be."""
        return self._tell_host

    def _step(self, event: Event, message: Message | None, now: float) -> bool:
        step = TABLE[self.state][event]
        if event is Event.CATCHUP_FIRST:
            self._mine = False
        if step is Step.CLEAR:
            self._clear()
        elif step is Step.SHED:
            self._shed()
        if message is None or step in {Step.DROP, Step.CLEAR, Step.SHED}:
            return False
        return self._take_in(step, message, now)

    def _take_in(self, step: Step, message: Message, now: float) -> bool:
        if step is Step.QUEUE or step is Step.GO_LIVE:
            self.state = State.LIVE
            self._live.append(message)
            self.live_bytes += len(message.raw)
            return True
        if (step is Step.BEGIN and not self._catchup) or (step in {Step.BEGIN, Step.REPLACE} and self._open):
            return self._begin(message, now)
        return step is Step.CONTINUE and self._mine and self._open and self._continue(message, now)

    def _begin(self, message: Message, now: float) -> bool:
        self._clear()
        self.state, self._mine = State.CATCH, True
        return self._continue(message, now)

    def _continue(self, message: Message, now: float) -> bool:
        self.catchup_bytes += len(message.raw)
        if self.catchup_bytes > CATCHUP_BYTES:
            self._clear()
            raise TooLarge("catch-up picture without end")
        self._catchup.append(message)
        self._open = not message.last
        self._catchup_moved = now
        return True

    def _clear(self) -> None:
        self._drop_live()
        self._catchup.clear()
        self.catchup_bytes = 0
        self._open = self._mine = self._tell_host = False
        self.state = State.CUT

    def _shed(self) -> None:
        self.cuts += 1
        self.shed += len(self._live)
        self._drop_live()
        self.state = State.CUT
        self._tell_host = True

    def _drop_live(self) -> None:
        self._live.clear()
        self.live_bytes = 0
