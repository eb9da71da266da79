"""Whether a session may begin under what holds, and in words why not. The one decision: sessions are made by it, tickets are
given by it, and `GET /v1/operators/{id}/effective-policy` asks it beforehand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from api.policies.hours import is_open
from api.policies.layers import Because, Effective
from api.policies.members import RULES
from api.policies.rules import Value, address_within
from api.sessions.modes import Mode


@dataclass(frozen=True, slots=True)
class Situation:
    """What is asked about. None of a fact: it does not matter here (a program asks, or it is checked later)."""

    mode: Mode | None
    at: datetime
    address: str | None = None
    """Where the operator is."""
    second_factor: bool | None = None
    machine: bool | None = None
    """Whether the operator's machine is a registered one, proved at sign-in."""
    reason: bool | None = None
    """Whether a reference or a reason comes with it."""
    native: bool | None = None
    """Whether the operator sees the screen with the installed viewer."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that stands against it."""

    member: str
    sentence: str
    because: list[Because]


def decide(effective: Effective, situation: Situation) -> list[Refusal]:
    """Everything that stands against it; nothing: it may begin."""
    values = effective.values
    found = {
        name: "What is demanded cannot be met all at once." for name in CONTRADICTABLE if _contradicts(name, values)
    }
    if values["application_selection_required"] and values["application_selection"] == "off":
        found["application_selection"] = "Only chosen applications may be shown, and choosing them is not allowed."
    for name, stands_against in _CHECKS.items():
        if name not in found and (sentence := stands_against(values[name], situation)):
            found[name] = sentence
    return [Refusal(name, sentence, _reasons(effective, name)) for name, sentence in found.items()]


def allows_mode(values: Mapping[str, Value], mode: str) -> bool:
    """Whether sessions of a mode may run at all under these values, whoever asks from wherever."""
    selection = values["application_selection_required"] and values["application_selection"] == "off"
    return mode in values["modes"] and not selection and not any(_contradicts(name, values) for name in CONTRADICTABLE)


CONTRADICTABLE: Final = ("recording", "verification", "applications")
"""Members of which layers can demand what no session can satisfy. (No mode and no network left are answers of their own.)"""


def _contradicts(name: str, values: Mapping[str, Value]) -> bool:
    return RULES[name].contradicts(values[name])


def _reasons(effective: Effective, name: str) -> list[Because]:
    if name != "application_selection":
        return effective.because(name)
    return [*effective.because(name), *effective.because("application_selection_required")]


def _modes(modes: Sequence[str], situation: Situation) -> str | None:
    if not modes:
        return "This operator may not use any mode."
    if situation.mode is None or situation.mode in modes:
        return None
    return f"This operator may not use the mode {situation.mode}."


def _networks(networks: Sequence[str] | None, situation: Situation) -> str | None:
    if networks is None or situation.address is None or address_within(situation.address, networks):
        return None
    return f"The address {situation.address} is not one from which this operator may work."


def _hours(schedules: Sequence[Mapping[str, Value]], situation: Situation) -> str | None:
    if all(is_open(schedule, situation.at) for schedule in schedules):
        return None
    return "This is outside the hours in which this operator may help."


def _reason(required: bool, situation: Situation) -> str | None:
    return "A reference or a reason is needed for a session." if required and situation.reason is False else None


def _second_factor(required: bool, situation: Situation) -> str | None:
    if required and situation.second_factor is False:
        return "Sign in with a second factor first."
    return None


def _machine(required: bool, situation: Situation) -> str | None:
    if required and situation.machine is False:
        return "This needs a machine that is registered with your organisation."
    return None


def _native(required: bool, situation: Situation) -> str | None:
    if required and situation.native is False:
        return "This session may be seen with the installed viewer only; use: tasuki view"
    return None


_CHECKS: Final[Mapping[str, Callable[[Value, Situation], str | None]]] = MappingProxyType(
    {
        "modes": _modes,
        "networks": _networks,
        "hours": _hours,
        "reason_required": _reason,
        "second_factor_required": _second_factor,
        "machines_required": _machine,
        "native_viewer_required": _native,
    }
)
