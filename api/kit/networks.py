"""Lists of networks (CIDR) from which something is allowed, and whether an address is in one of them."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, Field

MAX_NETWORKS = 200

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _normal(given: str) -> str:
    try:
        return str(ipaddress.ip_network(given.strip(), strict=False))
    except ValueError as error:
        raise ValueError(
            f"{given[:60]!r} is not an address or network such as 203.0.113.0/24 or 2001:db8::/32"
        ) from error


def _each_once(given: list[str]) -> list[str]:
    return list(dict.fromkeys(given))


Networks = Annotated[
    list[Annotated[str, Field(max_length=60), AfterValidator(_normal)]],
    Field(
        max_length=MAX_NETWORKS,
        description="Addresses and networks (CIDR); an empty list is anywhere.",
        examples=[["203.0.113.0/24", "2001:db8:1::/48"]],
    ),
    AfterValidator(_each_once),
]


def inside(address: str | None, networks: Sequence[str]) -> bool:
    """Whether `address` is in one of `networks`. Everything is in an empty list; an unknown address only in that.

    An IPv4 address that came over an IPv6 socket (`::ffff:192.0.2.7`) is the IPv4 address.
    """
    if not networks:
        return True
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in _parsed(tuple(networks)))


@lru_cache(maxsize=1024)
def _parsed(networks: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(network) for network in networks)
