"""The rules of the handshake that single vectors do not show."""

import ast
import inspect
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from wire import handshake as module
from wire import keys
from wire.errors import Forged, HandshakeError
from wire.handshake import Association, HostHandshake, Parties, ViewerHandshake
from wire.messages.handshake import M4, NO_SECRET
from wire.statement import Demands

PARTIES = Parties(b"s" * 32, 1, 2)
SIGNER = bytes(32)


def finish(viewer: ViewerHandshake, **host: bytes | None) -> tuple[Association, Association]:
    machine = HostHandshake(PARTIES, "host", os.urandom, association=5, signer=SIGNER, m1=viewer.start())
    m4 = machine.on_m3(viewer.on_m2(machine.answer(**host)))
    m5, mine = viewer.on_m4(m4)
    return mine, machine.on_m5(m5)


def viewer(**secrets: Any) -> ViewerHandshake:
    return ViewerHandshake(PARTIES, "viewer", os.urandom, **secrets)


def test_both_ends_get_the_same_keys_and_digits() -> None:
    mine, theirs = finish(viewer())
    assert mine == theirs
    assert len(mine.digits) == 6
    assert mine.digits.isdigit()
    assert mine.host_to_viewer != mine.viewer_to_host


def test_fresh_keys_each_time() -> None:
    assert finish(viewer())[0].host_to_viewer != finish(viewer())[0].host_to_viewer


def test_a_link_secret_replaces_the_digits_only_when_both_have_it() -> None:
    assert finish(viewer(link=b"k" * 16), link=b"k" * 16)[0].method == keys.METHOD_LINK
    assert finish(viewer(link=b"k" * 16))[0].method == keys.METHOD_DIGITS
    assert finish(viewer(), link=b"k" * 16)[0].method == keys.METHOD_DIGITS
    assert finish(viewer(link=b"k" * 16), link=b"x" * 16)[0].method == keys.METHOD_DIGITS


def test_a_link_secret_is_named_so_that_no_two_attempts_look_alike() -> None:
    first, second = viewer(link=b"k" * 16).start(), viewer(link=b"k" * 16).start()
    assert first.secret_id == keys.link_id(b"k" * 16, first.attempt)
    assert len({first.secret_id, second.secret_id, NO_SECRET}) == 3


def test_where_only_the_link_will_do_nothing_else_is_tried() -> None:
    """Neither by a viewer without the secret, nor by one with another."""
    demanding = replace(PARTIES, demands=Demands(verification="link"))

    def shake(**secrets: Any) -> None:
        one = ViewerHandshake(demanding, "viewer", os.urandom, **secrets)
        host = HostHandshake(demanding, "host", os.urandom, association=5, signer=SIGNER, m1=one.start())
        one.on_m4(host.on_m3(one.on_m2(host.answer(link=b"k" * 16))))

    shake(link=b"k" * 16)
    with pytest.raises(HandshakeError, match="link"):
        shake()
    with pytest.raises(Forged):
        shake(link=b"x" * 16)


def test_evil_relay_that_hides_a_link_secret_is_found_out() -> None:
    """It would have the two people compare digits instead: the proofs do not fit."""
    one = viewer(link=b"k" * 16)
    hidden = replace(one.start(), secret_id=NO_SECRET)
    host = HostHandshake(PARTIES, "host", os.urandom, association=5, signer=SIGNER, m1=hidden)
    m4 = host.on_m3(one.on_m2(host.answer(link=b"k" * 16)))
    with pytest.raises(Forged):
        one.on_m4(m4)


def test_resume_needs_the_same_secret() -> None:
    secret = finish(viewer())[0].resume_secret
    assert finish(viewer(resume=secret), resume=secret)[0].method == keys.METHOD_RESUME
    with pytest.raises(Forged):
        finish(viewer(resume=secret), resume=b"x" * 32)
    with pytest.raises(HandshakeError):
        finish(viewer(resume=secret))


@pytest.mark.rule("R15")
@pytest.mark.parametrize("told", [Parties(b"x" * 32, 1, 2), Parties(b"s" * 32, 3, 2), Parties(b"s" * 32, 1, 3)])
def test_lying_server_tells_each_side_something_else(told: Parties) -> None:
    """Another statement or other ids on one side: the ends never agree."""
    end = ViewerHandshake(told, "viewer", os.urandom)
    machine = HostHandshake(PARTIES, "host", os.urandom, association=5, signer=SIGNER, m1=end.start())
    with pytest.raises((Forged, HandshakeError)):
        end.on_m4(machine.on_m3(end.on_m2(machine.answer())))


@pytest.mark.rule("R14")
def test_evil_viewer_cannot_choose_its_key_after_seeing_the_hosts() -> None:
    """The commitment: another key or nonce in M3 than committed to in M1 is refused."""
    end = viewer()
    machine = HostHandshake(PARTIES, "host", os.urandom, association=5, signer=SIGNER, m1=end.start())
    m3 = end.on_m2(machine.answer())
    for changed in (
        replace(m3, key=os.urandom(32)),
        replace(m3, nonce=os.urandom(32)),
        replace(m3, kem_key=os.urandom(1184)),
    ):
        with pytest.raises(Forged, match="commitment"):
            machine.on_m3(changed)


@pytest.mark.rule("R14")
def test_secrets_are_compared_in_constant_time_only() -> None:
    """The one comparison of proofs and commitments is hmac.compare_digest."""
    source = inspect.getsource(module._check)
    assert "compare_digest" in source
    names = {
        n.func.id
        for n in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }
    assert "_check" in names


def _man_in_the_middle(choose: Callable[[], None]) -> tuple[str, str]:
    """Two handshakes through an attacker who knows both its own keys: the digits of the two people."""
    choose()
    end = viewer()
    towards_viewer = HostHandshake(PARTIES, "host", os.urandom, association=5, signer=SIGNER, m1=end.start())
    evil = viewer()
    machine = HostHandshake(PARTIES, "host", os.urandom, association=5, signer=SIGNER, m1=evil.start())
    _, shown = end.on_m4(towards_viewer.on_m3(end.on_m2(towards_viewer.answer())))
    m5, _ = evil.on_m4(machine.on_m3(evil.on_m2(machine.answer())))
    return shown.digits, machine.on_m5(m5).digits


@pytest.mark.rule("R13")
def test_evil_middle_gives_the_two_people_other_digits() -> None:
    pairs = [_man_in_the_middle(lambda: None) for _ in range(40)]
    assert sum(a == b for a, b in pairs) == 0


@pytest.mark.rule("R13")
def test_there_is_no_suite_without_encryption() -> None:
    m1 = viewer().start()
    for suites in (b"", b"\0", b"\x63"):
        bare = replace(m1, suites=suites)
        with pytest.raises(HandshakeError):
            HostHandshake(PARTIES, "host", os.urandom, association=5, signer=SIGNER, m1=bare)


def test_downgrade_is_refused_by_the_viewer() -> None:
    end = viewer()
    m2 = HostHandshake(PARTIES, "host", os.urandom, association=5, signer=SIGNER, m1=end.start()).answer()
    with pytest.raises(HandshakeError):
        end.on_m2(replace(m2, suites=b"\1", suite=0))


def test_a_useless_key_is_refused() -> None:
    """An all-zero X25519 result would let anybody know the key (RFC 7748 6.1)."""
    end = viewer()
    m2 = HostHandshake(PARTIES, "host", os.urandom, association=5, signer=SIGNER, m1=end.start()).answer()
    end.on_m2(replace(m2, key=bytes(32)))
    with pytest.raises(HandshakeError, match="not usable"):
        end.on_m4(M4(end.attempt, b"", bytes(32)))
