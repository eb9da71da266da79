"""Codes that are looked up: those sent by mail or SMS, and recovery codes. Stored as keyed hashes only."""

import base64
import secrets
from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.methods import Method
from api.context import Context
from api.second_factors import repository
from api.second_factors.models import RecoveryCode, SentCode

SENT_LIFE = timedelta(minutes=10)
SENT_DIGITS = 6
RECOVERY_COUNT = 10
RECOVERY_BYTES = 10
SENT_PURPOSE = "sent code"
RECOVERY_PURPOSE = "recovery code"


async def make_sent(db: AsyncSession, context: Context, operator_id: str, subject: str, method: Method) -> str:
    """A code to send for `subject`; one sent for it before is no good any more."""
    code = f"{secrets.randbelow(10**SENT_DIGITS):0{SENT_DIGITS}}"
    row = SentCode(
        subject=subject,
        method=method,
        operator_id=operator_id,
        lookup=_sent_lookup(context, subject, method, code),
        expires_at=context.clock.now() + SENT_LIFE,
    )
    await repository.replace_code(db, row)
    return code


async def take_sent(db: AsyncSession, context: Context, subject: str, method: Method, code: str) -> bool:
    """Whether this is the code that was sent for `subject`; used up when it is."""
    lookup = _sent_lookup(context, subject, method, code)
    return await repository.take_code(db, subject, method, lookup, context.clock.now())


async def make_recovery(db: AsyncSession, context: Context, operator_id: str) -> list[str]:
    """Ten new recovery codes of 80 bits; those of before are no good any more."""
    await repository.remove_recovery_codes(db, operator_id)
    made, now = [_new_recovery() for _ in range(RECOVERY_COUNT)], context.clock.now()
    for code in made:
        db.add(
            RecoveryCode(lookup=_recovery_lookup(context, operator_id, code), operator_id=operator_id, created_at=now)
        )
    return made


async def take_recovery(db: AsyncSession, context: Context, operator_id: str, code: str) -> bool:
    """Whether this is an unused recovery code of the operator; used up when it is."""
    lookup = _recovery_lookup(context, operator_id, code)
    return await repository.take_recovery_code(db, operator_id, lookup, context.clock.now())


def _new_recovery() -> str:
    """Four groups of four letters and digits, to be written down."""
    text = base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _sent_lookup(context: Context, subject: str, method: Method, code: str) -> str:
    return context.sealer.lookup(SENT_PURPOSE, f"{subject}/{method}/{code}")


def _recovery_lookup(context: Context, operator_id: str, code: str) -> str:
    """Hyphens, spaces and capitals do not matter."""
    plain = "".join(char for char in code.lower() if char.isalnum())
    return context.sealer.lookup(RECOVERY_PURPOSE, f"{operator_id}/{plain}")
