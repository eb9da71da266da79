"""Who may send what to whom (docs/protocol.md 2): the one place that decides whether a message is forwarded."""

from enum import StrEnum

from wire.header import EVERYONE, HOST_STREAMS, PAIRWISE_STREAMS, STREAM_CLASSES, VIEWER_STREAMS, Header, Stream


class Role(StrEnum):
    """The host shows its screen, viewers see it; which *side* (operator, customer) it is, the ticket says."""

    HOST = "host"
    VIEWER = "viewer"


class Drop(StrEnum):
    """Why a message was not forwarded; the label of its counter."""

    SENDER = "sender"
    """It names another sender id than the ticket's."""
    STREAM = "stream"
    """A stream that is unknown or that this role may not send on."""
    CLASS = "class"
    """A delivery class that the stream does not use."""
    RECIPIENT = "recipient"
    """Somebody it may not reach: a viewer another viewer, a pairwise message everybody."""
    ABSENT = "absent"
    """Its recipient is not here at the moment; what matters is sent again on `joined`."""
    SLOTS = "slots"
    """More slots than a (sender, stream) may use."""
    STALE = "stale"
    """LATEST of an epoch that is over."""
    RECORDING = "recording"
    """For the relay's recorder, and the session is not recorded here."""
    FULL = "full"
    """Its queue is at its limit."""


_ALLOWED = {Role.HOST: HOST_STREAMS, Role.VIEWER: VIEWER_STREAMS}


def check(header: Header, sender: int, role: Role, host: int | None) -> Drop | None:
    """Why a message of `sender` must be dropped, or None.

    `host` is the sender id of the host that is connected, None without one.
    """
    if header.sender != sender:
        return Drop.SENDER
    if header.stream not in _ALLOWED[role]:
        return Drop.STREAM
    if header.delivery not in STREAM_CLASSES[header.stream]:
        return Drop.CLASS
    if header.stream == Stream.RECORDING:
        return Drop.RECORDING
    if (header.stream in PAIRWISE_STREAMS) != (header.recipient != EVERYONE):
        return Drop.RECIPIENT
    if role is Role.VIEWER:
        return _towards_host(header.recipient, host)
    return Drop.RECIPIENT if header.recipient == sender else None


def _towards_host(recipient: int, host: int | None) -> Drop | None:
    if host is None:
        return Drop.ABSENT
    return None if recipient == host else Drop.RECIPIENT
