"""What a client brings to a sign-in besides a name and a password: the entry link it opened, the device it is known as."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Cookie, Depends, Header

ENTRY_COOKIE = "__Host-tasuki_entry"
DEVICE_COOKIE = "__Host-tasuki_device"
ENTRY_HEADER = "X-Tasuki-Entry"
DEVICE_HEADER = "X-Tasuki-Device"
MAX_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Brought:
    """As sent; nothing of it is believed before it is checked."""

    entry: str | None = None
    device: str | None = None


NOTHING = Brought()


def _brought(
    entry: Annotated[
        str | None,
        Header(
            alias=ENTRY_HEADER,
            max_length=MAX_CHARACTERS,
            description="The secret part of the organisation's entry link, where it is required. Browsers send their cookie.",
        ),
    ] = None,
    device: Annotated[
        str | None,
        Header(
            alias=DEVICE_HEADER,
            max_length=MAX_CHARACTERS,
            description="`device_secret` of an earlier sign-in. Wrong passwords of others do not lock out a known device.",
        ),
    ] = None,
    entry_cookie: Annotated[str | None, Cookie(alias=ENTRY_COOKIE, include_in_schema=False)] = None,
    device_cookie: Annotated[str | None, Cookie(alias=DEVICE_COOKIE, include_in_schema=False)] = None,
) -> Brought:
    return Brought(entry or entry_cookie, device or device_cookie)


Brings = Annotated[Brought, Depends(_brought)]
"""What the client brought."""
