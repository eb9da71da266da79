"""Layers of policy, and what holds when all are put together: for each member a value, and which layers made it so.

organisation → operator's policy → operator's own → session request → customer. Every layer can only narrow, so their order
does not matter for what holds; it is the order in which reasons are shown. The last, the customer, is the consent of the
host: it is not known here, and narrows further still.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from api.policies.members import RULES, WIDEST
from api.policies.rules import Rule, Value
from api.sessions.modes import FEATURES, Feature, Mode


class LayerKind(StrEnum):
    """Whose layer it is."""

    SERVER = "server"
    ORGANIZATION = "organization"
    ORGANIZATION_POLICY = "organization-policy"
    OPERATOR_POLICY = "operator-policy"
    OPERATOR = "operator"
    MODE = "mode"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Layer:
    """What one of them says; members it does not name are the widest."""

    kind: LayerKind
    id: str | None
    name: str
    """Who says it, as a sentence begins with it."""
    members: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Because:
    """One layer's part in a value."""

    layer: LayerKind
    id: str | None
    name: str
    value: Value
    sentence: str


@dataclass(frozen=True)
class Effective:
    """What holds. Values are computed once, reasons only when somebody asks."""

    layers: tuple[Layer, ...]

    @cached_property
    def values(self) -> dict[str, Value]:
        """Every member's value."""
        values = dict(WIDEST)
        for layer in self.layers:
            for name, value in layer.members.items():
                values[name] = RULES[name].narrow(values[name], value)
        return values

    def because(self, name: str) -> list[Because]:
        """The layers that made a member what it is: of those that narrow it, the ones that no other layer outdoes."""
        rule = RULES[name]
        said = [(layer, layer.members[name]) for layer in self.layers if name in layer.members]
        said = [(layer, mine) for layer, mine in said if mine != rule.widest]
        return [
            Because(layer.kind, layer.id, layer.name, mine, f"{layer.name} {rule.says(mine)}.")
            for layer, mine in said
            if not any(_outdoes(rule, other, mine) for _, other in said)
        ]


def resolve(layers: Sequence[Layer]) -> Effective:
    """All layers together."""
    return Effective(tuple(layers))


def mode_layer(mode: Mode) -> Layer:
    """What a mode leaves out by its nature (C6)."""
    return Layer(LayerKind.MODE, None, f"The mode {mode}", without(set(Feature) - FEATURES[mode]))


def request_layer(features: Sequence[str], max_seconds: int | None) -> Layer:
    """What whoever makes a session asks for: no more than that."""
    asked: dict[str, Value] = without(set(Feature) - set(features))
    if max_seconds is not None:
        asked["max_session_seconds"] = max_seconds
    return Layer(LayerKind.REQUEST, None, "The request for this session", asked)


def granted(values: Mapping[str, Value]) -> list[str]:
    """The features that these values leave, by name."""
    return sorted(feature for feature in Feature if values[feature] not in (False, "off"))


def without(features: set[Feature]) -> dict[str, Value]:
    """Members that turn features off."""
    return {str(feature): False if WIDEST[feature] is True else "off" for feature in features}


def _outdoes(rule: Rule, other: Value, mine: Value) -> bool:
    """Whether `other` is strictly narrower than `mine`."""
    return bool(other != mine and rule.narrow(other, mine) == other)
