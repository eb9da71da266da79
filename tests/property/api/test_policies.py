"""Layers of policy only ever narrow: over all members, in any order, however often, and whatever is demanded."""

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from api.policies.decisions import Situation, allows_mode, decide
from api.policies.hours import is_open
from api.policies.layers import Layer, LayerKind, granted, mode_layer, request_layer, resolve
from api.policies.members import RULES, WIDEST, Members, narrow
from api.policies.rules import address_within
from api.sessions.modes import FEATURES, Feature, Mode
from tests.property.api.policies import MEMBERS, NETWORK, POLICY, SCHEDULE, WRITTEN, normal

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
MOMENT = st.integers(0, 7 * 24 * 60 - 1).map(lambda minutes: MONDAY + timedelta(minutes=minutes))
ADDRESS = st.sampled_from(
    ["10.1.2.3", "10.1.2.200", "10.200.0.1", "192.0.2.7", "203.0.113.9", "2001:db8::7", "::1", "::2"]
)


def layer(members: dict[str, Any], name: str = "The policy “x”") -> Layer:
    return Layer(LayerKind.OPERATOR_POLICY, "pol_1", name, members)


def test_every_member_is_drawn() -> None:
    assert set(MEMBERS) == set(Members.model_fields) == set(RULES)


@given(POLICY, POLICY)
def test_narrowing_is_commutative(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert narrow(one, other) == narrow(other, one)


@given(POLICY, POLICY, POLICY)
def test_narrowing_is_associative(one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]) -> None:
    assert narrow(narrow(one, two), three) == narrow(one, narrow(two, three))


@given(POLICY, POLICY)
def test_narrowing_is_idempotent_and_never_wider_than_a_layer(one: dict[str, Any], other: dict[str, Any]) -> None:
    both = narrow(one, other)
    assert narrow(both, both) == both == narrow(both, one) == narrow(both, other)


@given(POLICY)
def test_the_widest_changes_nothing(one: dict[str, Any]) -> None:
    whole = narrow(one, {})
    assert whole == narrow(one, WIDEST) == {**WIDEST, **one}


@given(WRITTEN)
def test_the_normal_form_is_what_is_accepted_again(written: dict[str, Any]) -> None:
    assert normal(normal(written)) == normal(written)


@given(
    st.lists(POLICY, max_size=4), st.sampled_from(Mode), st.lists(st.sampled_from(Feature), max_size=4), MOMENT, ADDRESS
)
def test_any_layers_give_an_answer_with_reasons(
    policies: list[dict[str, Any]], mode: Mode, asked: list[Feature], at: datetime, address: str
) -> None:
    layers = [*(layer(members) for members in policies), mode_layer(mode), request_layer(asked, None)]
    effective = resolve(layers)
    assert effective.values == resolve(layers[::-1]).values
    situation = Situation(mode, at, address, second_factor=False, machine=False, reason=False, native=False)
    refusals = decide(effective, situation)
    for refusal in refusals:
        assert refusal.sentence.endswith((".", "view"))
        assert refusal.because, refusal
    for name, rule in RULES.items():
        reasons = effective.because(name)
        assert bool(reasons) == (effective.values[name] != rule.widest)
        alone = rule.widest
        for reason in reasons:
            assert reason.sentence.startswith(reason.name)
            assert reason.sentence.endswith(".")
            alone = rule.narrow(alone, reason.value)
        assert alone == effective.values[name], "the reasons alone make the value"
    assert set(granted(effective.values)) <= FEATURES[mode] & set(asked)
    if not refusals:
        assert allows_mode(effective.values, mode)


@given(POLICY, POLICY, st.sampled_from(Mode), MOMENT, ADDRESS, st.tuples(*[st.sampled_from([None, False, True])] * 4))
def test_a_further_layer_never_takes_a_refusal_away(
    one: dict[str, Any], more: dict[str, Any], mode: Mode, at: datetime, address: str, facts: Any
) -> None:
    situation = Situation(mode, at, address, *facts)
    before = {refusal.member for refusal in decide(resolve([layer(one)]), situation)}
    after = {refusal.member for refusal in decide(resolve([layer(one), layer(more)]), situation)}
    assert before <= after


@given(st.lists(NETWORK, max_size=4), st.lists(NETWORK, max_size=4), ADDRESS)
def test_networks_in_common_hold_exactly_the_addresses_in_common(
    one: list[str], other: list[str], address: str
) -> None:
    mine, theirs = normal({"networks": one})["networks"], normal({"networks": other})["networks"]
    common = RULES["networks"].narrow(mine, theirs)
    plain = ipaddress.ip_address(address)
    inside = [any(plain in ipaddress.ip_network(network) for network in written) for written in (one, other)]
    assert address_within(address, common) == all(inside)


@given(st.lists(SCHEDULE, max_size=2), st.lists(SCHEDULE, max_size=2), MOMENT)
def test_hours_in_common_are_open_exactly_when_all_are(
    one: list[dict[str, Any]], other: list[dict[str, Any]], at: datetime
) -> None:
    mine, theirs = normal({"hours": one})["hours"], normal({"hours": other})["hours"]
    common = RULES["hours"].narrow(mine, theirs)
    assert all(is_open(one, at) for one in common) == all(is_open(one, at) for one in [*one, *other])
