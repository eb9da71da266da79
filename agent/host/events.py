"""What happens in a host's session, for the loop that owns the windows, the screen and the input."""

from dataclasses import dataclass
from typing import Final

from wire.introduction import Introduction
from wire.messages.chat import Line
from wire.messages.input import Event as InputEvent
from wire.messages.input import PointerMove, ReleaseAll


@dataclass(frozen=True, slots=True)
class ViewerHere:
    """A viewer is connected to the relay."""

    viewer: int


@dataclass(frozen=True, slots=True)
class ViewerAway:
    """A viewer's connection is lost; it may come back."""

    viewer: int


@dataclass(frozen=True, slots=True)
class DigitsNeeded:
    """Keys are agreed: the customer must type the digits; `attempt` counts from 1."""

    viewer: int
    attempt: int
    introduction: Introduction | None = None
    """The api's word for an operator whom the session statement does not name: to be shown in place of that one."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """A viewer was turned away before anything was asked: `pq_required`, `not_introduced`, `method_not_allowed` or
    `no_common_suite`. Told once for each."""

    viewer: int
    why: str


@dataclass(frozen=True, slots=True)
class DigitsShown:
    """The customer is the viewer and types the digits there: read these out (None: a link's secret replaces them)."""

    viewer: int
    digits: str | None


@dataclass(frozen=True, slots=True)
class ConsentNeeded:
    """The viewer is verified: ask the question."""

    viewer: int
    introduction: Introduction | None = None
    """Who it is and what for, where the session statement does not name this operator."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A verification was called off through nobody's fault; another may start."""

    viewer: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The person said yes: show the sign."""

    viewer: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A further viewer was turned away, or nobody answered for it: the session goes on with the others."""

    viewer: int


@dataclass(frozen=True, slots=True)
class Changed:
    """What is allowed, who is in control or who is present has changed: show it."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The organisation's policy took these grants away while the session runs, or shortened how long it, or doing nothing
    in it, may take."""

    taken: frozenset[str]
    seconds: float | None = None
    idle_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A chat message came: to be shown."""

    line: Line


@dataclass(frozen=True, slots=True)
class Input:
    """Input to apply, in order."""

    events: list[InputEvent]


LET_GO: Final = Input([ReleaseAll()])
"""A viewer's connection is lost: nothing stays pressed, but what it sent before is still applied, in order."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """The pointer's newest place."""

    move: PointerMove


@dataclass(frozen=True, slots=True)
class ReleaseInput:
    """The permission is gone: drop input that waits and let go of every key and button."""


@dataclass(frozen=True, slots=True)
class Ended:
    """It is over: by whom (operator, customer, administrator, system) and why."""

    by: str
    reason: str


Event = (
    ViewerHere
    | ViewerAway
    | DigitsNeeded
    | Unfit
    | DigitsShown
    | ConsentNeeded
    | Cancelled
    | Accepted
    | Refused
    | Changed
    | Narrowed
    | Said
    | Input
    | Pointer
    | ReleaseInput
    | Ended
)
