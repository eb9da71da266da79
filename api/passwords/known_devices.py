"""Devices an operator has signed in from before. A stranger's wrong passwords do not shut them out.

A device keeps a secret (the console in a cookie that scripts cannot read, the CLI beside its credentials) and sends it with
each sign-in. It proves nothing but that this browser or machine was there before: a password is needed all the same.
"""

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.kit.ids import Kind, new_id
from api.kit.secret import digest, new_credential
from api.operators.models import Operator
from api.passwords import repository
from api.passwords.bringing import Brought
from api.passwords.models import KnownDevice

PREFIX = "tkd_"
FORGOTTEN_AFTER = timedelta(days=180)
MOST_PER_OPERATOR = 20
"""The one unseen longest is forgotten for a new one."""


async def recognise(db: AsyncSession, operator_id: str, secret: str | None) -> KnownDevice | None:
    """The device whose secret this is, if it is one of the operator's."""
    if secret is None or not secret.startswith(PREFIX):
        return None
    device = await repository.device(db, digest(secret))
    return device if device is not None and device.operator_id == operator_id else None


async def remember(db: AsyncSession, context: Context, operator: Operator, brought: Brought) -> str | None:
    """After a complete sign-in: the secret for the device to keep, or None when it is known and has one."""
    now = context.clock.now()
    known = await recognise(db, operator.id, brought.device)
    if known is not None:
        known.seen_at = now
        return None
    others = await repository.devices(db, operator.id)
    for oldest in others[: max(len(others) - MOST_PER_OPERATOR + 1, 0)]:
        await db.delete(oldest)
    secret = new_credential(PREFIX)
    db.add(
        KnownDevice(
            id=new_id(Kind.KNOWN_DEVICE), operator_id=operator.id, digest=digest(secret), created_at=now, seen_at=now
        )
    )
    return secret
