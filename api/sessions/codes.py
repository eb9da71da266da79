"""Session codes: drawn uniformly, found by a keyed hash, sealed for the operator who reads them out.

A code is a locator, not a key: a right one only lets the customer ask. How long it lives decides how long it is.
"""

import re
import secrets
import unicodedata
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.kit.sealing import KeyDestroyed, Sealer
from api.problems import Unavailable
from api.sessions import repository
from api.sessions.models import Session, SessionCode

DEFAULT_LIFE = timedelta(minutes=10)
SHORTEST_LIFE = timedelta(minutes=1)
LONGEST_LIFE = timedelta(days=7)
FEWEST_DIGITS, MOST_DIGITS = 6, 12
LONGEST_SIX_DIGIT_LIFE = timedelta(minutes=10)
LONGEST_EIGHT_DIGIT_LIFE = timedelta(minutes=60)
SHIELDED_DIGITS = 10
"""Digits of a new code while somebody seems to be guessing."""
KEPT_AFTER_END = timedelta(hours=24)
"""For so long a code does not come back."""
_DRAWS = 16
PURPOSE = "session code"
_CODE = re.compile(rf"[0-9]{{{FEWEST_DIGITS},{MOST_DIGITS}}}", re.ASCII)


def digits_for(life: timedelta, *, scheduled: bool, wanted: int, shielded: bool) -> int:
    """How many digits a code needs that lives `life` (seconds resolution), when the organisation wants `wanted`."""
    least = FEWEST_DIGITS
    if scheduled or life > LONGEST_EIGHT_DIGIT_LIFE:
        least = 10
    elif life > LONGEST_SIX_DIGIT_LIFE:
        least = 8
    return max(wanted, least, SHIELDED_DIGITS if shielded else 0)


def normalised(typed: str) -> str | None:
    """The digits of what a person typed: spaces and hyphens go, full-width digits become plain; None if it is no code."""
    plain = re.sub(r"[\s\-\u2010-\u2015\u30fc]", "", unicodedata.normalize("NFKC", typed))
    return plain if _CODE.fullmatch(plain) else None


def lookup(sealer: Sealer, code: str) -> str:
    """The keyed hash under which a code is stored."""
    return sealer.lookup(PURPOSE, code)


async def draw(
    db: AsyncSession,
    context: Context,
    session: Session,
    digits: int,
    expires_at: datetime,
    starts_at: datetime | None = None,
) -> str:
    """A new code for a session, different from every one that lives or lived within a day."""
    for _ in range(_DRAWS):
        code = f"{secrets.randbelow(10**digits):0{digits}}"
        row = SessionCode(
            lookup=lookup(context.sealer, code),
            session_id=session.id,
            sealed=context.keyring.customer(session).seal(PURPOSE, session.id, code.encode()),
            starts_at=starts_at,
            expires_at=expires_at,
        )
        if await repository.add_code(db, row):
            return code
    raise Unavailable("No free session code was found; ask for a longer one with expires_in over 3600.", retry_after=60)


def reveal(context: Context, session: Session, row: SessionCode | None) -> str | None:
    """The digits, while the code can still be used."""
    if row is None or row.sealed is None or row.claimed_at is not None or row.expires_at <= context.clock.now():
        return None
    sealer = context.keyring.organization(session.organization_id)
    try:
        return sealer.open(PURPOSE, session.id, row.sealed).decode()
    except KeyDestroyed:
        return None
