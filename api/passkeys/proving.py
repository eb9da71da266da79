"""Passkeys (W3C WebAuthn level 3): challenges, registration and proof. The library `webauthn` checks what browsers send.

Always with user verification (finger, face or PIN), for exactly our host and origin, by a challenge of ours that is good
once for five minutes. A counter that does not grow means that there are two of the key: refused, and an alarm in the log.
"""

import base64
import json
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import Action
from api.auth import repository as challenges
from api.auth.models import Challenge
from api.context import Context
from api.kit.ids import Kind, new_id
from api.operators.models import Operator
from api.passkeys import repository
from api.passkeys.models import Passkey
from api.settings import Settings

if TYPE_CHECKING:
    from webauthn.registration.verify_registration_response import VerifiedRegistration

LIFE = timedelta(minutes=5)
CHALLENGE_BYTES = 32
NAME = "Tasuki"
REGISTER, PROVE, SIGN_IN = "passkey.register", "passkey.prove", "passkey.sign-in"
TIMEOUT_MS = int(LIFE.total_seconds() * 1000)

Options = dict[str, Any]


def host(settings: Settings) -> str:
    """The relying party: exactly the host of our public URL."""
    return urlsplit(settings.public_url).hostname or ""


async def registration_options(
    db: AsyncSession, context: Context, operator: Operator, username: str, subject: str
) -> tuple[str, Options]:
    """Challenge id and what `navigator.credentials.create` takes, as JSON."""
    import webauthn  # noqa: PLC0415 - a quarter of a second that most starts do not need
    from webauthn.helpers.structs import (  # noqa: PLC0415
        AuthenticatorSelectionCriteria,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    row = _challenge(db, context, REGISTER, f"{operator.id}/{subject}")
    options = webauthn.generate_registration_options(
        rp_id=host(context.settings),
        rp_name=NAME,
        user_id=operator.id.encode(),
        user_name=username,
        user_display_name=operator.name,
        challenge=row.nonce,
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=_described(await repository.of_operator(db, operator.id)),
    )
    return row.id, json.loads(webauthn.options_to_json(options))


async def registered(
    db: AsyncSession, context: Context, operator: Operator, subject: str, challenge_id: str, credential: Options
) -> "VerifiedRegistration | None":
    """What a new passkey is, if the browser's answer holds."""
    import webauthn  # noqa: PLC0415
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    asked = await challenges.take_challenge(db, challenge_id, REGISTER, context.clock.now())
    if asked is None or asked.subject != f"{operator.id}/{subject}":
        return None
    try:
        return webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=asked.nonce,
            expected_rp_id=host(context.settings),
            expected_origin=[context.settings.public_url],
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None


async def proof_options(
    db: AsyncSession, context: Context, operator: Operator | None, subject: str
) -> tuple[str, Options]:
    """Challenge id and what `navigator.credentials.get` takes; for anybody's passkey when no operator is given."""
    import webauthn  # noqa: PLC0415
    from webauthn.helpers.structs import UserVerificationRequirement  # noqa: PLC0415

    row = _challenge(db, context, PROVE if operator else SIGN_IN, f"{operator.id}/{subject}" if operator else "")
    options = webauthn.generate_authentication_options(
        rp_id=host(context.settings),
        challenge=row.nonce,
        timeout=TIMEOUT_MS,
        allow_credentials=_described(await repository.of_operator(db, operator.id)) if operator else None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return row.id, json.loads(webauthn.options_to_json(options))


async def second_step(
    db: AsyncSession, context: Context, operator: Operator, challenge_id: str, credential: Options, subject: str
) -> bool:
    """Whether one of the operator's passkeys signed the challenge that was made for `subject`."""
    asked = await challenges.take_challenge(db, challenge_id, PROVE, context.clock.now())
    if asked is None or asked.subject != f"{operator.id}/{subject}":
        return False
    passkey = await _named(db, credential)
    return (
        passkey is not None
        and passkey.operator_id == operator.id
        and await _signed(db, context, passkey, asked, credential)
    )


async def whole_sign_in(db: AsyncSession, context: Context, challenge_id: str, credential: Options) -> str | None:
    """The operator whose passkey signed the challenge; None when nobody's did."""
    asked = await challenges.take_challenge(db, challenge_id, SIGN_IN, context.clock.now())
    passkey = await _named(db, credential)
    if asked is None or passkey is None or not await _signed(db, context, passkey, asked, credential):
        return None
    return passkey.operator_id


async def _signed(db: AsyncSession, context: Context, passkey: Passkey, asked: Challenge, credential: Options) -> bool:
    """The library's own look at the counter is left out (it is told 0): ours counts, and raises the alarm."""
    import webauthn  # noqa: PLC0415
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    try:
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=asked.nonce,
            expected_rp_id=host(context.settings),
            expected_origin=[context.settings.public_url],
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
        handle = credential["response"].get("userHandle")
        owner = None if handle is None else base64.urlsafe_b64decode(handle + "=" * (-len(handle) % 4)).decode()
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError):
        return False
    if owner not in {None, passkey.operator_id}:
        return False
    if await repository.count_up(db, passkey.id, verified.new_sign_count, context.clock.now()):
        return True
    operator = await db.get_one(Operator, passkey.operator_id)
    about = {"passkey": passkey.name, "expected_more_than": passkey.sign_count, "counter": verified.new_sign_count}
    audit.record(
        db, context, operator.organization_id, Action.PASSKEY_COPIED, by=audit.SYSTEM, target=operator, **about
    )
    return False


async def _named(db: AsyncSession, credential: Options) -> Passkey | None:
    name = credential.get("id")
    return await repository.by_credential(db, name) if isinstance(name, str) and "\0" not in name else None


def _challenge(db: AsyncSession, context: Context, purpose: str, subject: str) -> Challenge:
    row = Challenge(
        id=new_id(Kind.CHALLENGE),
        purpose=purpose,
        subject=subject,
        nonce=secrets.token_bytes(CHALLENGE_BYTES),
        expires_at=context.clock.now() + LIFE,
    )
    db.add(row)
    return row


def _described(passkeys: Sequence[Passkey]) -> list[Any]:
    from webauthn.helpers import base64url_to_bytes  # noqa: PLC0415
    from webauthn.helpers.structs import AuthenticatorTransport, PublicKeyCredentialDescriptor  # noqa: PLC0415

    known = {str(each.value) for each in AuthenticatorTransport}
    return [
        PublicKeyCredentialDescriptor(
            id=base64url_to_bytes(row.credential_id),
            transports=[AuthenticatorTransport(name) for name in row.transports if name in known] or None,
        )
        for row in passkeys
    ]
