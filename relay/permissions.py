"""Who may send what to whom (docs/protocol.md 2): the one place that decides whether a message is forwarded."""

from enum import StrEnum
from functools import cache
from typing import Final

from wire.header import (
    EVERYONE,
    HOST_STREAMS,
    PAIRWISE_STREAMS,
    STREAM_CLASSES,
    VIEWER_STREAMS,
    Delivery,
    Header,
    Stream,
    header,
)


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
    FEATURE = "feature"
    """A stream that neither the ticket's features nor its mode are for."""
    RECORDING = "recording"
    """For the relay's recorder, and the session is not recorded here."""
    FULL = "full"
    """Its queue is at its limit."""


_ALLOWED = {Role.HOST: HOST_STREAMS, Role.VIEWER: VIEWER_STREAMS}


STREAMS: Final = 64
"""Streams in the table of `ways`; all there are have smaller numbers."""
_ONLY_LOOKING = frozenset({"view", "present"})
_NOTHING: frozenset[int] = frozenset()


def withheld(role: Role, side: str, mode: str, features: frozenset[str]) -> frozenset[int]:
    """The streams that a participant of this mode may not send on with these features.

    A file's way back carries what the receiver says of it, so both directions need either feature; the endpoints tell them
    apart. What is on the clipboard goes one way.
    """
    clipboard = "clipboard_to_customer" if side == "operator" else "clipboard_from_customer"
    needed: dict[int, frozenset[str]] = {
        Stream.CHAT: frozenset({"chat"}),
        Stream.FILE: frozenset({"file_to_customer", "file_from_customer"}),
        Stream.CLIPBOARD: frozenset({clipboard}),
        Stream.AUDIO: frozenset({"voice"}),
    }
    missing = {stream for stream, any_of in needed.items() if not any_of & features}
    looks = role is Role.VIEWER and mode in _ONLY_LOOKING
    return frozenset(missing | ({Stream.INPUT} if looks else set()))


def check(header: Header, sender: int, role: Role, host: int | None, not_for: frozenset[int] = _NOTHING) -> Drop | None:
    """Why a message of `sender` must be dropped, or None.

    `host` is the sender id of the host that is connected, None without one; `not_for` what `withheld` says.
    """
    if header.sender != sender:
        return Drop.SENDER
    if header.stream not in _ALLOWED[role]:
        return Drop.STREAM
    if header.delivery not in STREAM_CLASSES[header.stream]:
        return Drop.CLASS
    if header.stream == Stream.RECORDING:
        return Drop.RECORDING
    if header.stream in not_for:
        return Drop.FEATURE
    if (header.stream in PAIRWISE_STREAMS) != (header.recipient != EVERYONE):
        return Drop.RECIPIENT
    if role is Role.VIEWER:
        return _towards_host(header.recipient, host)
    return Drop.RECIPIENT if header.recipient == sender else None


@cache
def ways(role: Role, not_for: frozenset[int]) -> tuple[bytes, bytes]:
    """What `check` allows, as a table for relay/transport.pyx: to one participant, and to all.

    A byte for each stream below STREAMS, with a bit (1 << class) for each delivery class; sender, recipient and slot are
    checked beside it. A host's messages to itself are not in it.
    """
    sender, host, viewer = (1, 1, 2) if role is Role.HOST else (2, 1, 1)
    one, everyone = bytearray(STREAMS), bytearray(STREAMS)
    for stream in STREAM_CLASSES:
        for delivery in Delivery:
            for table, recipient in ((one, viewer), (everyone, EVERYONE)):
                if check(header(delivery, stream, sender, recipient), sender, role, host, not_for) is None:
                    table[stream] |= 1 << delivery
    return bytes(one), bytes(everyone)


def _towards_host(recipient: int, host: int | None) -> Drop | None:
    if host is None:
        return Drop.ABSENT
    return None if recipient == host else Drop.RECIPIENT
