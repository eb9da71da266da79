"""What holds for a device: its own rule where it has one, else its group's, else the careful default."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from api.auth.permissions import Caller
from api.device_groups.models import DeviceGroup
from api.devices.models import Device
from api.policies.hours import is_open


class Consent(StrEnum):
    """Whether the person at the device is asked. The device itself never asks less than its own administrator allowed."""

    ASK = "ask"
    ASK_IF_PRESENT = "ask-if-present"
    NEVER = "never"


class Standing(StrEnum):
    """Whether a device may do anything."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    WIPED = "wiped"


class Refusal(StrEnum):
    """Why a session with a device cannot begin now."""

    WIPED = "wiped"
    DISABLED = "disabled"
    NOT_LISTED = "not-listed"
    OUTSIDE_HOURS = "outside-hours"
    OFFLINE = "offline"
    BUSY = "busy"


SENTENCES = {
    Refusal.WIPED: "The enrolment of this device was wiped; enrol it again.",
    Refusal.DISABLED: "This device is disabled; an administrator can enable it.",
    Refusal.NOT_LISTED: "You are not on the list of those who may connect to this device; ask an administrator.",
    Refusal.OUTSIDE_HOURS: "This device may not be connected to at this hour; its hours say when.",
    Refusal.OFFLINE: "This device is offline; is it switched on, with `tasuki device run`?",
    Refusal.BUSY: "This device is in another session; wait for its end, or end it.",
}
FOR_GOOD = frozenset({Refusal.NOT_LISTED, Refusal.OUTSIDE_HOURS})
"""These are about the caller's permission; the others about the state of the device."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for one device now."""

    consent: Consent
    hours: Mapping[str, Any] | None
    granted: frozenset[str]
    """Ids of operators and policies."""


def rules_of(device: Device, group: DeviceGroup | None, granted: Collection[str]) -> Rules:
    """`granted` are the grants that hold: the device's own or its group's."""
    consent = device.consent or (group.consent if group else None) or Consent.ASK
    hours = device.hours or (group.hours if group else None)
    return Rules(effective_consent(device, Consent(consent)), hours, frozenset(granted))


def effective_consent(device: Device, wanted: Consent) -> Consent:
    """The server alone cannot turn asking off: without the local administrator's own act the person is asked."""
    return wanted if device.unattended else Consent.ASK


def standing(device: Device) -> Standing:
    """Wiped is for ever, disabled until enabled."""
    if device.wiped_at is not None:
        return Standing.WIPED
    return Standing.DISABLED if device.disabled_at is not None else Standing.ENABLED


def refusals(
    caller: Caller, subjects: Collection[str], device: Device, rules: Rules, now: datetime, *, busy: bool
) -> list[Refusal]:
    """Why this caller cannot connect now, the weightiest first; nothing when they can.

    `subjects` are the names under which the caller may be listed: the operator's id and that of their policy.
    """
    found = []
    if (how := standing(device)) is not Standing.ENABLED:
        found.append(Refusal.WIPED if how is Standing.WIPED else Refusal.DISABLED)
    if not caller.administers and not rules.granted & set(subjects):
        found.append(Refusal.NOT_LISTED)
    if rules.hours is not None and not is_open(rules.hours, now):
        found.append(Refusal.OUTSIDE_HOURS)
    if not device.online:
        found.append(Refusal.OFFLINE)
    if busy:
        found.append(Refusal.BUSY)
    return found
