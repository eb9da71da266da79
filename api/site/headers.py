"""The content security policy of our pages, scripts and workers."""

from collections.abc import Iterable

from texts.receipt_page import STYLE_HASH

STRICT = (
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    f"style-src 'self' '{STYLE_HASH}'",  # a receipt that a page opens is a document under the page's own policy
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
