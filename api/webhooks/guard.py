"""Where webhooks may go: never into our own network. The name is looked up once, and that address is the one connected to.

`ipaddress.is_global` lets NAT64 and 6to4 forms of loopback through, so the table is our own (research: 15 known tricks).
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

DENIED: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "::/96",
        "::ffff:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)


class TargetRefused(Exception):
    """The URL leads where webhooks may not go; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL whose address has been looked up and found good."""

    url: str
    """With the address in place of the name: nothing is looked up again."""
    host: str
    """The name, for TLS (SNI and certificate)."""
    host_header: str
    """The name with its port, for HTTP."""


async def check(url: str, allowed: Sequence[str], resolve: Resolver | None = None) -> Target:
    """Where to connect for `url`; TargetRefused when any address of its host is denied and not in `allowed`."""
    parts = _parts(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = parts.hostname or ""
    try:
        found = await (resolve or _resolve)(host, port)
    except (OSError, UnicodeError) as error:
        raise TargetRefused(f"The host {host} cannot be found.") from error
    exceptions = [ipaddress.ip_network(text) for text in allowed]
    addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in found]
    if not addresses:
        raise TargetRefused(f"The host {host} cannot be found.")
    for address in addresses:
        if not _is_in(address, exceptions):
            if parts.scheme != "https":
                raise TargetRefused("Webhooks need https.")
            if _is_in(address, DENIED):
                raise TargetRefused(f"The host {host} leads into a private or reserved network.")
    address = addresses[0]
    shown = f"[{address}]" if isinstance(address, ipaddress.IPv6Address) else str(address)
    query = f"?{parts.query}" if parts.query else ""
    header = parts.netloc.rpartition("@")[2]
    return Target(f"{parts.scheme}://{shown}:{port}{parts.path or '/'}{query}", host, header)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise TargetRefused("That is not a URL.") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise TargetRefused("Webhooks need a URL such as https://crm.example.com/hooks.")
    if parts.username is not None or parts.password is not None:
        raise TargetRefused("The URL must not contain a user name or password.")
    return parts


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


async def _resolve(host: str, port: int) -> Sequence[str]:
    loop = asyncio.get_running_loop()
    rows = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(row[4][0]) for row in rows]
