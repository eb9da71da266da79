"""Names of what can be granted, and which of them a mode and what the host's person chose leave (docs/protocol.md 5)."""

from collections.abc import Iterable
from typing import Final, Literal, get_args

from wire.statement import SHARED_MODES

Mode = Literal["manage", "control", "view", "share", "present"]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
SHARED: Final = SHARED_MODES
"""Modes in which the operator's machine is the host and the customer looks on."""

VIEW: Final = "view"
CONTROL: Final = "control"
CHAT: Final = "chat"
FEATURES: Final = frozenset(
    {
        CHAT,
        "file_to_customer",
        "file_from_customer",
        "clipboard_to_customer",
        "clipboard_from_customer",
        "print",
        "voice",
        "video",
        "screenshot",
        "system_information",
        "application_selection",
    }
)
"""What a session may grant beside seeing and controlling: the names of the policy's members."""

_SCREEN: Final[dict[str, frozenset[str]]] = {
    "manage": frozenset({VIEW, CONTROL}),
    "control": frozenset({VIEW, CONTROL}),
    "view": frozenset({VIEW}),
    "share": frozenset({VIEW, CONTROL}),
    "present": frozenset({VIEW}),
}
_FILES: Final = frozenset({"file_to_customer", "file_from_customer"})
_FROM_CUSTOMER: Final = frozenset({"file_from_customer", "clipboard_from_customer", "system_information", "print"})
_NEVER: Final[dict[str, frozenset[str]]] = {
    "manage": frozenset(),
    "control": frozenset(),
    "view": _FILES,
    "share": _FILES | _FROM_CUSTOMER,
    "present": _FILES | _FROM_CUSTOMER,
}
"""Row C6: no files while looking on, and nothing of the customer's machine where the operator's is shown."""


def possible(mode: Mode, features: Iterable[str] = ()) -> frozenset[str]:
    """All that a session may ever grant: what its mode is for, and the features that both it and this agent know."""
    return _SCREEN[mode] | ((frozenset(features) & FEATURES) - _NEVER[mode])


def at_first(mode: Mode, features: Iterable[str] = ()) -> frozenset[str]:
    """What a yes grants. Whoever shares their own screen gives control by a second act."""
    return possible(mode, features) - ({CONTROL} if mode == "share" else frozenset())


def mode_of(name: str) -> Mode:
    """A mode by its name; one that this agent does not know grants no more than seeing."""
    return next((mode for mode in MODES if mode == name), "view")
