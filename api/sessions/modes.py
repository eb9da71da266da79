"""Modes and sides of a session."""

from enum import StrEnum


class Mode(StrEnum):
    """How the operator helps."""

    CONTROL = "control"
    VIEW = "view"


class Side(StrEnum):
    """Which of the two parties."""

    OPERATOR = "operator"
    CUSTOMER = "customer"


class WireRole(StrEnum):
    """Whose screen is shown, and who sees it."""

    HOST = "host"
    VIEWER = "viewer"


class Party(StrEnum):
    """Who can end a session."""

    OPERATOR = "operator"
    CUSTOMER = "customer"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"


class Recording(StrEnum):
    """Whether a session is recorded. Only `off` for now."""

    OFF = "off"


FEATURES: dict[Mode, frozenset[str]] = {Mode.CONTROL: frozenset(), Mode.VIEW: frozenset()}
"""What may be asked for beyond the screen itself and, in `control`, the keyboard and pointer: nothing yet."""

HOST_SENDER = 1
FIRST_VIEWER_SENDER = 2
