"""The lock after wrong passwords, and the lists of networks, as arithmetic."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from api.kit.networks import Networks, inside
from api.organizations.settings import LockSettings
from api.passwords import locking

START = datetime(2026, 12, 1, tzinfo=UTC)


@dataclass
class Row:
    failures: int = 0
    failed_at: datetime | None = None
    locked_until: datetime | None = None


def test_the_third_failure_locks_for_a_quarter_of_an_hour() -> None:
    row, lock = Row(), LockSettings()
    assert [locking.count_failure(row, lock, START) for _ in range(3)] == [False, False, True]
    assert locking.is_locked(row, START + timedelta(minutes=14, seconds=59))
    assert not locking.is_locked(row, START + timedelta(minutes=15))


def test_old_failures_are_forgotten() -> None:
    row, lock = Row(), LockSettings()
    for day in range(10):
        assert not locking.count_failure(row, lock, START + timedelta(days=day))


def test_zero_never_locks() -> None:
    row = Row()
    assert not any(locking.count_failure(row, LockSettings(failures=0), START) for _ in range(1000))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 6), st.integers(1, 30), st.lists(st.tuples(st.integers(0, 600), st.booleans()), max_size=80))
def test_never_more_failures_than_allowed_within_the_time(
    failures: int, minutes: int, tries: list[tuple[int, bool]]
) -> None:
    """Whatever comes when: of wrong passwords that were looked at, no `failures + 1` lie within the lock's length."""
    row, lock, now, looked_at = Row(), LockSettings(failures=failures, minutes=minutes), START, list[datetime]()
    for seconds, right in tries:
        now += timedelta(seconds=seconds)
        if locking.is_locked(row, now):
            continue
        if right:
            locking.clear(row)
            looked_at.clear()
        else:
            looked_at.append(now)
            locking.count_failure(row, lock, now)
    period = timedelta(minutes=minutes)
    for first, last in zip(looked_at, looked_at[failures:], strict=False):
        assert last - first >= period


@pytest.mark.parametrize(
    ("address", "networks", "is_in"),
    [
        ("192.0.2.7", [], True), (None, [], True), (None, ["0.0.0.0/0"], False), ("192.0.2.7", ["192.0.2.0/24"], True),
        ("192.0.3.7", ["192.0.2.0/24"], False), ("::ffff:192.0.2.7", ["192.0.2.0/24"], True),
        ("2001:db8::1", ["2001:db8::/32"], True),
        ("2001:db8::1", ["0.0.0.0/0"], False), ("192.0.2.7", ["::/0"], False), ("testclient", ["0.0.0.0/0", "::/0"], False),
        ("192.0.2.7", ["192.0.2.7/32"], True),
    ],
)  # fmt: skip
def test_inside(address: str | None, networks: list[str], is_in: bool) -> None:
    assert inside(address, networks) is is_in


@pytest.mark.parametrize("given", ["10.0.0.0/33", "acme", "", "10.0.0", "*", "::1/129", "10.0.0.0/8 "])
def test_what_is_no_network_is_refused_and_spaces_are_forgiven(given: str) -> None:
    adapter = TypeAdapter(Networks)
    if given.endswith(" "):
        assert adapter.validate_python([given]) == ["10.0.0.0/8"]
    else:
        with pytest.raises(ValidationError):
            adapter.validate_python([given])


@settings(max_examples=100, deadline=None)
@given(st.ip_addresses(), st.integers(0, 128))
def test_an_address_is_inside_every_network_around_it(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, length: int
) -> None:
    prefix = min(length, address.max_prefixlen)
    (network,) = TypeAdapter(Networks).validate_python([f"{address}/{prefix}"])
    if not (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped):
        assert inside(str(address), [network])
