"""Modes and sides of a session."""

from enum import StrEnum

from api.kit.ids import Kind


class Mode(StrEnum):
    """How the operator helps, from the most to the least."""

    MANAGE = "manage"
    """See and control, and come back after a restart or log-off of the customer's machine."""
    CONTROL = "control"
    VIEW = "view"
    SHARE = "share"
    """The operator's own screen, which the customer may be given control of."""
    PRESENT = "present"
    """The operator's own screen, to look at."""

    @property
    def shows_operator(self) -> bool:
        """Whether it is the operator's screen that is shown: then the operator is the host."""
        return self in {Mode.SHARE, Mode.PRESENT}


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
    SECOND_FACTOR = "second-factor"
    PASSKEY = "passkey"
    API_KEY = "api-key"
    HOOK = "hook"

    @classmethod
    def by(cls, maker: str) -> "Verified":
        """By the kind of id of the operator, API key or integration that made the session."""
        return _PROOFS.get(maker.partition("_")[0], cls.PASSWORD)


_PROOFS = {str(Kind.API_KEY): Verified.API_KEY, str(Kind.INTEGRATION): Verified.HOOK}


class Recording(StrEnum):
    """Whether a session is recorded."""

    OFF = "off"
    ALLOWED = "allowed"
    REQUIRED = "required"


class Feature(StrEnum):
    """What a session may have beside the screen, the keyboard and the pointer; each is a grant of its own."""

    CHAT = "chat"
    FILE_TO_CUSTOMER = "file_to_customer"
    FILE_FROM_CUSTOMER = "file_from_customer"
    CLIPBOARD_TO_CUSTOMER = "clipboard_to_customer"
    CLIPBOARD_FROM_CUSTOMER = "clipboard_from_customer"
    PRINT = "print"
    VOICE = "voice"
    VIDEO = "video"
    SCREENSHOT = "screenshot"
    SYSTEM_INFORMATION = "system_information"
    APPLICATION_SELECTION = "application_selection"


_TALK = frozenset({Feature.CHAT, Feature.VOICE, Feature.VIDEO})
FEATURES: dict[Mode, frozenset[Feature]] = {
    Mode.MANAGE: frozenset(Feature),
    Mode.CONTROL: frozenset(Feature),
    Mode.VIEW: _TALK | {Feature.SCREENSHOT, Feature.SYSTEM_INFORMATION, Feature.APPLICATION_SELECTION},
    Mode.SHARE: _TALK | {Feature.APPLICATION_SELECTION},
    Mode.PRESENT: _TALK | {Feature.APPLICATION_SELECTION},
}
"""What each mode can have at most: only in `manage` and `control` something is put on the customer's machine or taken from
its disk, and in `share` and `present` nothing of that machine reaches the operator but what the customer says or writes."""

DEFAULT_FEATURES = frozenset({Feature.CHAT})
"""What a session gets that asks for nothing: no more than is needed. The rest is asked for by name."""

HOST_SENDER = 1
FIRST_VIEWER_SENDER = 2
