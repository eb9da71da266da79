"""Sign-ins and the tokens that come from them."""

import json
from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.models import RefreshToken, SignIn
from api.auth.permissions import effective
from api.auth.schemas import Tokens
from api.context import Context
from api.kit.asking import asking
from api.kit.ids import Kind, new_id
from api.kit.secret import REFRESH_PREFIX, digest, new_credential
from api.operators.models import Operator, Role
from api.signing.signer import API_AUDIENCE
from wire import tokens

CLIENT_PURPOSE = "sign-in client"


async def begin(
    db: AsyncSession, context: Context, operator: Operator, methods: Sequence[str], machine_id: str | None = None
) -> SignIn:
    """A new sign-in of the client that is asking."""
    now, sign_in_id, where = context.clock.now(), new_id(Kind.REFRESH), asking()
    client = json.dumps({"address": where.address, "user_agent": where.user_agent}).encode()
    row = SignIn(
        id=sign_in_id,
        operator_id=operator.id,
        created_at=now,
        last_used_at=now,
        authenticated_at=now,
        methods=list(methods),
        machine_id=machine_id,
        client_sealed=context.keyring.organization(operator.organization_id).seal(CLIENT_PURPOSE, sign_in_id, client),
    )
    db.add(row)
    await db.flush()
    return row


def issue(db: AsyncSession, context: Context, operator: Operator, sign_in: SignIn) -> Tokens:
    """The next access and refresh token of a sign-in."""
    now, settings = context.clock.now(), context.settings
    secret = new_credential(REFRESH_PREFIX)
    db.add(
        RefreshToken(
            digest=digest(secret),
            family=sign_in.id,
            operator_id=operator.id,
            created_at=now,
            expires_at=now + settings.refresh_token_life,
        )
    )
    return access_only(context, operator, sign_in).model_copy(update={"refresh_token": secret})


def access_only(context: Context, operator: Operator, sign_in: SignIn) -> Tokens:
    """An access token, by a client that has its refresh token already. `auth_time` and `amr` as in OpenID Connect Core, 2."""
    settings = context.settings
    claims = {
        "aud": API_AUDIENCE,
        "sub": operator.id,
        "org": operator.organization_id,
        "ver": operator.token_version,
        "fam": sign_in.id,
        "amr": sign_in.methods,
        "auth_time": int(sign_in.authenticated_at.timestamp()),
        "scope": " ".join(sorted(effective(Role(operator.role)))),
    }
    return Tokens(
        access_token=context.signer.sign(tokens.ACCESS, claims, context.signer.expiry(settings.access_token_life)),
        expires_in=int(settings.access_token_life.total_seconds()),
    )
