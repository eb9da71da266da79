"""Setting second factors up and taking them away; which of them an operator has is kept with the operator."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import Action
from api.auth.methods import AGAIN, SECOND, Method
from api.context import Context
from api.mail import service as mail
from api.mail.message import AddressUnusable, recipient
from api.operators.models import Operator
from api.organizations.models import Organization
from api.organizations.settings import second_factor_enforced, settings_of
from api.problems import Conflict, Invalid, NotFound, SecondStepFailed, Unavailable
from api.second_factors import codes, repository, totp
from api.second_factors.models import SecondFactor
from api.second_factors.schemas import TotpOffer

PURPOSE = "second factor"
ISSUER = "Tasuki"
MOST_FAILURES = 5
"""Wrong codes after which what was to be set up is forgotten."""


async def offer_totp(db: AsyncSession, context: Context, organization: Organization, operator: Operator) -> TotpOffer:
    """A new secret, which counts when a code of it was confirmed; until then the one before does."""
    secret = totp.new_secret()
    await _put(db, context, operator, Method.TOTP, secret)
    url = totp.otpauth_url(secret, f"{organization.code}/{operator.login}", f"{ISSUER} {organization.name}")
    return TotpOffer(secret=secret, otpauth_url=url, qr_svg=totp.qr_svg(url))


async def offer_address(db: AsyncSession, context: Context, operator: Operator, method: Method, address: str) -> str:
    """An address or number that counts when the code sent to it was confirmed; the code to send."""
    if method is Method.EMAIL:
        if not mail.enabled(context):
            raise Unavailable("This server has no mail server; use an authenticator app or a passkey.")
        _refuse_unusable(address)
    await _put(db, context, operator, method, address)
    return await codes.make_sent(db, context, operator.id, setup_subject(operator), method)


async def confirm(
    db: AsyncSession, context: Context, operator: Operator, method: Method, code: str
) -> list[str] | None:
    """The code shows that it works: it counts from now on. Recovery codes when it is the first factor."""
    row = await repository.factor(db, operator.id, method, pending=True)
    if row is None:
        raise Conflict("Nothing waits to be confirmed; start setting it up again.")
    value, step = opened(context, operator, row), 0
    if method is Method.TOTP:
        found = totp.matching_step(value, code, context.clock.now().timestamp())
        right, step = found is not None, found or 0
    else:
        right = await codes.take_sent(db, context, setup_subject(operator), method, code)
    if not right:
        await _count_failure(db, operator, method, row)
        raise SecondStepFailed("The code is wrong or too old; try the next one.", keep=True)
    await repository.remove_factor(db, operator.id, method, pending=False)
    await repository.remove_factor(db, operator.id, method, pending=True)
    db.add(_row(context, operator, method, value, pending=False, step=step))
    return await added(db, context, operator, method)


async def added(db: AsyncSession, context: Context, operator: Operator, method: Method) -> list[str] | None:
    """What follows from a new factor: recovery codes with the first one, a line in the log, a mail."""
    first = not any(each in operator.second_factors for each in AGAIN)
    made = await codes.make_recovery(db, context, operator.id) if first else None
    await refresh(db, operator)
    _tell(db, context, operator, Action.SECOND_FACTOR_ADDED, method)
    return made


async def remove(
    db: AsyncSession, context: Context, organization: Organization, operator: Operator, method: Method
) -> None:
    """Take a factor away; not the last one of somebody who must have one."""
    refuse_last(organization, operator, [each for each in operator.second_factors if each != method])
    if not await repository.remove_factor(db, operator.id, method, pending=False):
        raise NotFound("This is not set up.")
    await removed(db, context, operator, method)


async def removed(db: AsyncSession, context: Context, operator: Operator, method: Method) -> None:
    """What follows from a factor that is gone: with the last one the recovery codes go too."""
    await refresh(db, operator)
    if not any(each in AGAIN for each in operator.second_factors):
        await repository.remove_recovery_codes(db, operator.id)
        await refresh(db, operator)
    _tell(db, context, operator, Action.SECOND_FACTOR_REMOVED, method)


async def new_recovery_codes(db: AsyncSession, context: Context, operator: Operator) -> list[str]:
    """Ten codes in place of those of before."""
    if not any(each in AGAIN for each in operator.second_factors):
        raise Conflict("Set up a second factor first; recovery codes are for the day it is lost.")
    made = await codes.make_recovery(db, context, operator.id)
    await refresh(db, operator)
    action = Action.SECOND_FACTOR_RECOVERY_CODES_MADE
    audit.record(db, context, operator.organization_id, action, by=operator, target=operator)
    return made


def refuse_last(organization: Organization, operator: Operator, left: Sequence[str]) -> None:
    """Conflict when nothing but recovery codes would be left of what the organisation wants."""
    enforced = second_factor_enforced(settings_of(organization), operator.role)
    if enforced and not any(each in AGAIN for each in left):
        raise Conflict("Your organisation wants a second factor: set up another one first, then remove this one.")


async def refresh(db: AsyncSession, operator: Operator) -> None:
    """Write down with the operator which ways of a second step are set up, best first."""
    await db.flush()
    found: set[str] = {row.method for row in await repository.confirmed(db, operator.id)}
    if await repository.passkeys(db, operator.id):
        found.add(Method.PASSKEY)
    if found and await repository.recovery_codes_left(db, operator.id):
        found.add(Method.RECOVERY)
    operator.second_factors = [method for method in SECOND if method in found]
    db.add(operator)


def opened(context: Context, operator: Operator, row: SecondFactor) -> str:
    """The secret, address or number of a factor."""
    return (
        context.keyring.organization(operator.organization_id)
        .open(PURPOSE, about(operator.id, row.method), row.sealed)
        .decode()
    )


def setup_subject(operator: Operator) -> str:
    """For codes that confirm an address."""
    return f"setup/{operator.id}"


async def _put(db: AsyncSession, context: Context, operator: Operator, method: Method, value: str) -> None:
    await repository.remove_factor(db, operator.id, method, pending=True)
    db.add(_row(context, operator, method, value, pending=True))
    await db.flush()


async def _count_failure(db: AsyncSession, operator: Operator, method: Method, row: SecondFactor) -> None:
    row.failures += 1
    db.add(row)
    if row.failures >= MOST_FAILURES:
        await repository.remove_factor(db, operator.id, method, pending=True)


def _row(
    context: Context, operator: Operator, method: Method, value: str, *, pending: bool, step: int = 0
) -> SecondFactor:
    return SecondFactor(
        operator_id=operator.id,
        method=method,
        pending=pending,
        sealed=context.keyring.organization(operator.organization_id).seal(
            PURPOSE, about(operator.id, method), value.encode()
        ),
        created_at=context.clock.now(),
        last_step=step,
    )


def about(operator_id: str, method: str) -> str:
    """What its value is sealed for."""
    return f"{operator_id}/{method}"


def _tell(db: AsyncSession, context: Context, operator: Operator, action: Action, method: Method) -> None:
    """A line in the log, and a mail to the owner: whoever gets in first sets up a factor of their own."""
    audit.record(db, context, operator.organization_id, action, by=operator, target=operator, method=method)
    if operator.email:
        template = "second_factor_added" if action is Action.SECOND_FACTOR_ADDED else "second_factor_removed"
        mail.queue(db, context, operator.email, template, "en", name=operator.name, method=method)


def _refuse_unusable(address: str) -> None:
    try:
        recipient(address)
    except AddressUnusable as error:
        raise Invalid.at("#/email", "Use a mail address in plain letters, such as alice@example.com.") from error
