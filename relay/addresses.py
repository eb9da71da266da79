"""Whose address a connection counts for, and which proxies are believed about it."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
IPV6_PREFIX = 64
"""One customer's share of IPv6."""


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Trusted proxies as networks; ValueError names the entry that is wrong. Everybody (`*`, `/0`) is refused."""
    networks: list[Network] = []
    for text in texts:
        if text.strip() == "*":
            raise ValueError("trusted proxy '*' means everybody; name the proxies' own addresses")
        try:
            network = ip_network(text.strip())
        except ValueError:
            raise ValueError(f"trusted proxy {text!r} is not an address or network such as 10.0.0.0/8") from None
        if network.prefixlen == 0:
            raise ValueError(f"trusted proxy {text!r} means everybody; name the proxies' own addresses")
        networks.append(network)
    return tuple(networks)


def parse_address(text: str) -> Address | None:
    """An address, IPv4 written as IPv6 taken as IPv4; None when it is none."""
    try:
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def is_trusted(address: Address | None, proxies: Sequence[Network]) -> bool:
    """Whether this is one of our proxies."""
    return address is not None and any(address in network for network in proxies if network.version == address.version)


def client_of(peer: str, forwarded: Sequence[str], proxies: Sequence[Network]) -> str:
    """The address a connection counts for.

    `forwarded` is every X-Forwarded-For value in order; it is believed from the right, as far as our own proxies wrote it.
    """
    hops = [hop for value in forwarded for hop in value.split(",")]
    address = parse_address(peer)
    while is_trusted(address, proxies) and hops:
        address = parse_address(hops.pop())
    return bucket(address)


def bucket(address: Address | None) -> str:
    """What is counted together: one IPv4 address, or one IPv6 /64."""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, IPV6_PREFIX), strict=False))
    return str(address or "unknown")
