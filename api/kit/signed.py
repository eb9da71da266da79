"""How the OpenAPI document describes the headers of a message that is signed as Standard Webhooks says, in or out."""

from typing import Any


def _header(name: str, text: str, example: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": text,
        "schema": {"type": "string"},
        "example": example,
    }


SIGNATURE_HEADERS = [
    _header(
        "webhook-id",
        "One per message, the same whenever it is sent again: it is the message's Idempotency-Key.",
        "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
    ),
    _header("webhook-timestamp", "Seconds since 1970; a message more than 5 minutes off is refused.", "1796115600"),
    _header(
        "webhook-signature",
        "`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
]
