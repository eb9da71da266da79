"""How two values of one member become the narrower one, and how a value is said to people.

Each rule is a meet: commutative, associative, idempotent, never wider than either value, and defined for every pair. Two
values that no session could satisfy together become one that `contradicts` recognises; nothing raises. Values are plain
JSON in one normal form, so that they can be compared, stored and shown as they are.
"""

import ipaddress
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from api.policies.hours import schedule_key, schedule_words

Value: TypeAlias = Any
"""JSON: a word, a number, true or false, a list, an object, or null."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

IMPOSSIBLE: Final = "impossible"
"""What two demands become that exclude each other; never accepted in a policy, only an outcome."""


class Rule(ABC):
    """The arithmetic and the words of one member. `label` is what it is about, as it stands in a sentence."""

    widest: Value

    def __init__(self, label: str) -> None:
        self.label = label

    @abstractmethod
    def narrow(self, one: Value, other: Value) -> Value:
        """The widest value that neither of the two forbids."""

    @abstractmethod
    def says(self, value: Value) -> str:
        """A value as the rest of a sentence that begins with who set it."""

    def contradicts(self, _value: Value) -> bool:
        """Whether no session at all can satisfy the value."""
        return False


class Consents(Rule):
    """`off` < `ask` < `allow`: whether a feature may be used, and whether the customer is asked each time."""

    widest = "allow"
    _order = ("off", "ask", "allow")

    def narrow(self, one: Value, other: Value) -> Value:
        return min(one, other, key=self._order.index)

    def says(self, value: Value) -> str:
        ask = f"wants the customer to be asked each time before {self.label}"
        return {"off": f"does not allow {self.label}", "ask": ask}.get(value, f"allows {self.label}")


class Allowed(Rule):
    """true is the widest: something is allowed only where everybody allows it."""

    widest = True

    def narrow(self, one: Value, other: Value) -> Value:
        return one and other

    def says(self, value: Value) -> str:
        return f"{'allows' if value else 'does not allow'} {self.label}"


class Demanded(Rule):
    """false is the widest: something is demanded as soon as anybody demands it."""

    widest = False

    def narrow(self, one: Value, other: Value) -> Value:
        return one or other

    def says(self, value: Value) -> str:
        return f"{'demands' if value else 'does not demand'} {self.label}"


class Smallest(Rule):
    """A number, where smaller is narrower and null is no limit."""

    widest = None

    def __init__(self, label: str, unit: str) -> None:
        super().__init__(label)
        self._unit = unit

    def narrow(self, one: Value, other: Value) -> Value:
        return min((value for value in (one, other) if value is not None), default=None)

    def says(self, value: Value) -> str:
        return f"does not limit {self.label}" if value is None else f"limits {self.label} to {value:,} {self._unit}"


class Outcomes(Rule):
    """Words that each stand for what may come out; together only what both let come out."""

    def __init__(self, label: str, widest: str, words: Mapping[str, Iterable[str]], said: Mapping[str, str]) -> None:
        super().__init__(label)
        self.widest = widest
        self._outcomes = {word: frozenset(outcomes) for word, outcomes in words.items()} | {IMPOSSIBLE: frozenset()}
        self._word = {outcomes: word for word, outcomes in self._outcomes.items()}
        self._said = said

    def narrow(self, one: Value, other: Value) -> Value:
        return self._word[self._outcomes[one] & self._outcomes[other]]

    def says(self, value: Value) -> str:
        return self._said.get(value, f"leaves nothing possible for {self.label}")

    def contradicts(self, value: Value) -> bool:
        return bool(value == IMPOSSIBLE)


class Among(Rule):
    """A list out of known words; what is in both remains, in the order of the words."""

    def __init__(self, label: str, words: Sequence[str]) -> None:
        super().__init__(label)
        self.widest = [str(word) for word in words]

    def narrow(self, one: Value, other: Value) -> Value:
        return [word for word in self.widest if word in one and word in other]

    def says(self, value: Value) -> str:
        return f"allows only the {self.label} {', '.join(value)}" if value else f"allows no {self.label} at all"

    def contradicts(self, value: Value) -> bool:
        return not value


class Networks(Rule):
    """Address ranges (CIDR); null is everywhere, an empty list nowhere. What lies in both remains."""

    widest = None

    def narrow(self, one: Value, other: Value) -> Value:
        if one is None or other is None:
            return normal_networks(other if one is None else one)
        mine, theirs = _networks(one), _networks(other)
        common = [a if _inside(a, b) else b for a in mine for b in theirs if _inside(a, b) or _inside(b, a)]
        return _collapsed(common)

    def says(self, value: Value) -> str:
        if value is None:
            return f"allows {self.label} from everywhere"
        return f"allows {self.label} only from {', '.join(value)}" if value else f"allows {self.label} from nowhere"

    def contradicts(self, value: Value) -> bool:
        return value is not None and not value


class Hours(Rule):
    """Schedules (windows of the week in a time zone) that must *all* be open; an empty list is always open.

    Windows of two zones cannot be cut into one list that stays right when clocks change, so both are kept.
    """

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.widest = []

    def narrow(self, one: Value, other: Value) -> Value:
        both = {schedule_key(schedule): schedule for schedule in (*one, *other)}
        return [both[key] for key in sorted(both)]

    def says(self, value: Value) -> str:
        if not value:
            return f"allows {self.label} at any time"
        return f"allows {self.label} only {' and only '.join(schedule_words(schedule) for schedule in value)}"


class Applications(Rule):
    """Which applications may be shown or used: those of the allow-list (null: all), without those of the deny-list."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.widest = {"allow": None, "deny": []}

    def narrow(self, one: Value, other: Value) -> Value:
        lists = [set(value["allow"]) for value in (one, other) if value["allow"] is not None]
        allow = sorted(set.intersection(*lists)) if lists else None
        return {"allow": allow, "deny": sorted({*one["deny"], *other["deny"]})}

    def says(self, value: Value) -> str:
        only = "" if value["allow"] is None else f"allows only {_listed(value['allow'])}"
        never = f"does not allow {_listed(value['deny'])}" if value["deny"] else ""
        words = " and ".join(part for part in (only, never) if part)
        return f"{words} as {self.label}" if words else f"allows all {self.label}"

    def contradicts(self, value: Value) -> bool:
        return value["allow"] is not None and not set(value["allow"]) - set(value["deny"])


def address_within(address: str, networks: Sequence[str]) -> bool:
    """Whether an IP address lies in one of the networks. An IPv4 address written as IPv6 counts as IPv4."""
    try:
        plain = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(plain, "ipv4_mapped", None)
    return any((mapped or plain) in network for network in _networks(networks))


def normal_networks(networks: Sequence[str] | None) -> list[str] | None:
    """Networks in their one form: sorted, without what another one contains. ValueError for what is no network."""
    return None if networks is None else _collapsed(_networks(networks))


def _networks(networks: Sequence[str]) -> list[Network]:
    return [ipaddress.ip_network(network) for network in networks]


def _inside(one: Network, other: Network) -> bool:
    if isinstance(one, ipaddress.IPv4Network):
        return isinstance(other, ipaddress.IPv4Network) and one.subnet_of(other)
    return isinstance(other, ipaddress.IPv6Network) and one.subnet_of(other)


def _collapsed(networks: Sequence[Network]) -> list[str]:
    four = ipaddress.collapse_addresses(network for network in networks if isinstance(network, ipaddress.IPv4Network))
    six = ipaddress.collapse_addresses(network for network in networks if isinstance(network, ipaddress.IPv6Network))
    return [*map(str, four), *map(str, six)]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "nothing"
