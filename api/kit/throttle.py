"""How somebody stands with a budget of failures, and what counts as one caller. The counting: `api/budgets/`."""

import ipaddress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """How a key stands with a budget: what is left, and seconds until there is more."""

    limit: int
    remaining: int
    reset_seconds: int
    window_seconds: int

    def headers(self, name: str) -> dict[str, str]:
        """Rate-limit headers (IETF draft ratelimit-headers) of the policy `name`."""
        return {
            "RateLimit-Policy": f'"{name}";q={self.limit};w={self.window_seconds}',
            "RateLimit": f'"{name}";r={self.remaining};t={self.reset_seconds}',
        }


def address_key(address: str | None) -> str:
    """What one household or host counts as: an IPv4 address, or an IPv6 /64."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
