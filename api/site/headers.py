"""The content security policy of our pages, scripts and workers."""

from collections.abc import Iterable

STRICT = (
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
)
DOCS = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
"""The documentation page alone: swagger-ui writes style attributes and is not made for trusted types."""


def policy(rules: Iterable[str], relay_origins: Iterable[str] = ()) -> str:
    """The header: `rules`, and connections to ourselves and to the relays."""
    return "; ".join([*rules, " ".join(["connect-src 'self'", *sorted(relay_origins)])])
