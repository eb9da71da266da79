"""Modes and sides of a session."""

from enum import StrEnum

from api.kit.ids import Kind


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


class Verified(StrEnum):
    """How whoever made a session proved who they are."""

    PASSWORD = "password"
    API_KEY = "api-key"
    HOOK = "hook"

    @classmethod
    def by(cls, maker: str) -> "Verified":
        """By the kind of id of the operator, API key or integration that made the session."""
        return _PROOFS.get(maker.partition("_")[0], cls.PASSWORD)


_PROOFS = {str(Kind.API_KEY): Verified.API_KEY, str(Kind.INTEGRATION): Verified.HOOK}


class Recording(StrEnum):
    """Whether a session is recorded. Only `off` for now."""

    OFF = "off"


FEATURES: dict[Mode, frozenset[str]] = {Mode.CONTROL: frozenset(), Mode.VIEW: frozenset()}
"""What may be asked for beyond the screen itself and, in `control`, the keyboard and pointer: nothing yet."""

HOST_SENDER = 1
FIRST_VIEWER_SENDER = 2
