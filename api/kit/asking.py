"""Where the request that is being served comes from, for records of who did what: set once at the edge.

A context variable, because whoever records something deep inside a service should not have to be handed the request.
Outside a request (upkeep, `tasuki admin`) it is empty.
"""

from contextvars import ContextVar
from dataclasses import dataclass

MAX_AGENT_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Asking:
    """The address as the listener or a trusted proxy gave it, and what the client calls itself."""

    address: str | None = None
    user_agent: str | None = None


_NOBODY = Asking()
_asking: ContextVar[Asking] = ContextVar("asking", default=_NOBODY)


def asking() -> Asking:
    """Of the request that is being served; empty outside one."""
    return _asking.get()


def note_asking(address: str | None, user_agent: str | None) -> None:
    """For the rest of this task, which is this request. What the client wrote is cut to size and printable."""
    if user_agent is not None:
        user_agent = "".join(letter for letter in user_agent if letter.isprintable())[:MAX_AGENT_CHARACTERS] or None
    _asking.set(Asking(address, user_agent))
