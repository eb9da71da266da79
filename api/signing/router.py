"""The public keys, for relays and endpoints."""

from typing import Any

from fastapi import APIRouter, Response

from api.context import Ctx

router = APIRouter(tags=["operation"])


@router.get("/.well-known/jwks.json", operation_id="get_jwks", summary="Get the public signing keys")
async def jwks(response: Response, context: Ctx) -> dict[str, Any]:
    """A JWK set (RFC 7517): all keys by which tokens of this server may be signed (ES256)."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return context.signer.jwks
