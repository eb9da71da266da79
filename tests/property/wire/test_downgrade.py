"""Whatever the two ends offer and whatever the relay makes of the lists: the best common suite, or nothing (R13, R15)."""

import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.errors import SuiteTooWeak, WireError
from wire.handshake import SUITE_HYBRID, SUITE_X25519, HostHandshake, Parties, ViewerHandshake
from wire.statement import Demands, Verification

OFFERS = st.sampled_from([bytes([SUITE_X25519]), bytes([SUITE_X25519, SUITE_HYBRID]), bytes([SUITE_HYBRID])])
LISTS = st.one_of(st.none(), st.binary(max_size=4), OFFERS)
DEMANDS = st.builds(Demands, verification=st.sampled_from(["digits", "link", "either"]), pq_required=st.booleans())


def finish(parties: Parties, viewer: bytes, host: bytes, m1: bytes | None, m2: bytes | None) -> tuple[int, int] | None:
    """`(suite of the viewer, suite of the host)` when both ends finished with the same keys."""
    try:
        one = ViewerHandshake(parties, "viewer", os.urandom, offer=viewer)
        first = one.start()
        seen = first if m1 is None else replace(first, suites=m1)
        other = HostHandshake(parties, "host", os.urandom, association=1, signer=bytes(32), m1=seen, offer=host)
        answer = other.answer()
        m3 = one.on_m2(answer if m2 is None else replace(answer, suites=m2))
        m5, mine = one.on_m4(other.on_m3(m3))
        theirs = other.on_m5(m5)
    except WireError:
        return None
    assert mine == theirs
    return mine.suite, theirs.suite


@pytest.mark.rule("R13")
@settings(max_examples=150, deadline=None)
@given(viewer=OFFERS, host=OFFERS, m1=LISTS, m2=LISTS, pq=st.booleans())
def test_evil_relay_never_brings_two_ends_down(
    viewer: bytes, host: bytes, m1: bytes | None, m2: bytes | None, pq: bool
) -> None:
    best = max(set(viewer) & set(host), default=0)
    parties = Parties(b"s" * 32, 1, 2, Demands(pq_required=pq))
    untouched = m1 in {None, viewer} and m2 in {None, host}
    found = finish(parties, viewer, host, m1, m2)
    if found is not None:
        assert untouched, "a changed list was not noticed"
        assert found == (best, best)
        assert best == SUITE_HYBRID or not pq
    elif untouched:
        assert best == 0 or (pq and best < SUITE_HYBRID)


@pytest.mark.rule("R15")
@given(demands=DEMANDS, link=st.booleans())
@settings(max_examples=40, deadline=None)
def test_what_the_statement_demands_of_verification_is_kept_by_both(demands: Demands, link: bool) -> None:
    parties = Parties(b"s" * 32, 1, 2, demands)
    secret = b"k" * 16 if link else None
    viewer = ViewerHandshake(parties, "viewer", os.urandom, link=secret)
    host = HostHandshake(parties, "host", os.urandom, association=1, signer=bytes(32), m1=viewer.start())
    wanted: dict[Verification, int | None] = {"digits": 0, "link": 1 if link else None, "either": int(link)}
    if wanted[demands.verification] is None:
        with pytest.raises(WireError):
            host.answer(link=secret)
        return
    m2 = host.answer(link=secret)
    assert m2.method == wanted[demands.verification]
    with pytest.raises(WireError):
        ViewerHandshake(parties, "viewer", os.urandom).on_m2(m2)
    if demands.verification != "either":
        lied = replace(m2, method=1 - m2.method)
        with pytest.raises(WireError):
            viewer.on_m2(lied)
    else:
        viewer.on_m2(m2)


def test_a_demand_that_this_machine_cannot_meet_is_said_before_anything_leaves() -> None:
    parties = Parties(b"s" * 32, 1, 2, Demands(pq_required=True))
    with pytest.raises(SuiteTooWeak):
        ViewerHandshake(parties, "viewer", os.urandom, offer=bytes([SUITE_X25519]))
