"""Addresses, trusted proxies and connection counts."""

import pytest

from relay.addresses import client_of, parse_networks
from relay.gate import Gate

PROXIES = parse_networks(["10.0.0.0/8", "fd00::/8"])


@pytest.mark.rule("R34")
@pytest.mark.parametrize("text", ["*", "0.0.0.0/0", "::/0", "proxy.example", "10.0.0.1/8", ""])
def test_evil_proxy_lists_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="trusted proxy"):
        parse_networks([text])


@pytest.mark.rule("R34")
@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["6.6.6.6", "198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["nonsense"], "unknown"),
        ("::ffff:10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("2001:db8:1:2:3::4", [], "2001:db8:1:2::/64"),
        ("fd00::1", ["2001:db8:1:2::9"], "2001:db8:1:2::/64"),
        ("fe80::1%eth0", [], "fe80::/64"),
        ("", [], "unknown"),
    ],
)
def test_lying_forwarded_headers_are_believed_from_our_proxies_only(
    peer: str, forwarded: list[str], client: str
) -> None:
    assert client_of(peer, forwarded, PROXIES) == client


def test_connections_are_bounded_in_all() -> None:
    gate = Gate(total=2)
    assert [gate.enter() for _ in range(3)] == [True, True, False]
    for _ in range(2):
        gate.leave()
    assert gate.enter()


def test_connections_are_bounded_per_address() -> None:
    gate = Gate(per_address=2)
    assert [gate.claim("a") for _ in range(3)] == [True, True, False]
    assert gate.claim("b")
    gate.release("a")
    assert gate.claim("a")
