"""Who has the right password: the one check, for signing in, changing the password and stepping up.

Everybody who is refused costs one argon2id and hears one sentence: an unknown account, a wrong password, a locked account
(with a wrong *or* the right password, or a lock would be a place to try passwords at), an address outside the networks,
a client without the entry link. The administrative log says which. Only a device that the operator has signed in from
before is told that it is locked or outside, and this without a look at the password.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import Action
from api.auth.passwords import normalised
from api.context import Context
from api.kit.networks import inside
from api.operators.models import Operator
from api.organizations import entry
from api.organizations.models import Organization
from api.organizations.settings import OrganizationSettings, settings_of, shortest_password
from api.passwords import known_devices, locking, repository
from api.passwords.bringing import Brought
from api.passwords.models import KnownDevice
from api.problems import NetworkNotAllowed, OperatorSuspended, SignInFailed, TooManyRequests

REFUSED = (
    "Company, login or password is wrong, or you cannot sign in from here at the moment."
    " An administrator of your organisation sees why."
)


class Why(StrEnum):
    """What stood in the way, for the administrative log only."""

    UNKNOWN = "unknown_login"
    DISABLED = "organization_disabled"
    NETWORK = "network"
    ENTRY = "entry_link"
    LOCKED = "locked"
    PASSWORD = "password"
    CHANGED = "changed_meanwhile"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Account:
    """What was typed as username, taken apart."""

    company: str
    login: str

    @classmethod
    def of(cls, username: str) -> "Account":
        """From `company/login`; case does not matter."""
        company, _, login = username.strip().lower().partition("/")
        return cls(company, login)

    def __str__(self) -> str:
        return f"{self.company}/{self.login}"


@dataclass(frozen=True, slots=True)
class Checked:
    """An operator whose password was right, and whether it has served its time."""

    operator: Operator
    organization: Organization
    must_change: str | None
    """Why a new password must be set first, as a sentence."""


@dataclass(slots=True)
class _Found:
    """What the database knows of an account."""

    organization: Organization | None = None
    operator: Operator | None = None
    device: KnownDevice | None = None


async def check_password(
    context: Context, account: Account, password: str, address: str | None, brought: Brought
) -> Checked:
    """The operator whose password this is. Hashing happens outside any transaction; counting in one of its own.

    Of guesses sent at once, those that are judged after the lock are refused whatever they were.
    """
    budgets, name = context.sign_in_budgets, str(account)
    await budgets.check(name if brought.device is None else None, address)
    async with context.database.read() as db:
        before = await _find(db, account, brought)
    if before.device is None:
        await budgets.check(name, address)
    stored = before.operator.password_hash if before.operator else None
    right = await context.passwords.matches(stored, password)
    async with context.database.write() as db:
        found = await _find(db, account, brought, to_change=True)
        why = _judge(context, found, stored, right, address, brought)
        _record(db, context, found, account, why)
    if why is not None and why is not Why.SUSPENDED:
        raise await _refused(context, found, account, address, why)
    assert found.operator is not None
    assert found.organization is not None
    if before.device is None:
        await budgets.succeeded(name)
    if why is Why.SUSPENDED:
        raise OperatorSuspended("Your access is suspended; ask an administrator of your organisation.")
    return Checked(
        found.operator, found.organization, must_change(context, found.organization, found.operator, password)
    )


def must_change(context: Context, organization: Organization, operator: Operator, password: str) -> str | None:
    """Why a right password does not do any more, as a sentence: one-time, too old, or too short by today's rules."""
    settings = settings_of(organization)
    if operator.must_change_password:
        return "This is a one-time password; set your own with POST /v1/auth/password."
    days = settings.password.max_age_days
    since = operator.password_changed_at or operator.created_at
    if days is not None and context.clock.now() - since >= timedelta(days=days):
        return f"The password is older than {days} days; set a new one with POST /v1/auth/password."
    if len(normalised(password)) < shortest_password(settings, operator.role):
        return "The password is shorter than your organisation wants it now; set a new one with POST /v1/auth/password."
    return None


async def _find(db: AsyncSession, account: Account, brought: Brought, *, to_change: bool = False) -> _Found:
    """The rows of an account; to change them, they are locked until the transaction ends."""
    row = await repository.account(db, account.company, account.login)
    if row is None:
        return _Found()
    organization, operator = row
    if operator is None:
        return _Found(organization)
    if to_change:
        await db.refresh(operator, with_for_update={"key_share": True})
    device = await known_devices.recognise(db, operator.id, brought.device)
    return _Found(organization, operator, device)


def _judge(
    context: Context, found: _Found, checked: str | None, right: bool, address: str | None, brought: Brought
) -> Why | None:
    """What stands in the way, if anything. Nothing that is looked at before the password depends on it."""
    organization, operator = found.organization, found.operator
    if organization is None or operator is None or operator.deleted_at is not None:
        return Why.UNKNOWN
    settings, now = settings_of(organization), context.clock.now()
    counted = found.device or operator
    if organization.disabled_at is not None:
        return Why.DISABLED
    if not (inside(address, settings.networks) and inside(address, operator.networks)):
        return Why.NETWORK
    if not entry.admits(context, organization, settings, operator.role, brought.entry):
        return Why.ENTRY
    if locking.is_locked(counted, now):
        return Why.LOCKED
    if operator.password_hash != checked:
        return Why.CHANGED
    return _count(counted, settings, now, right) or (Why.SUSPENDED if operator.suspended_at else None)


def _count(counted: locking.Counted, settings: OrganizationSettings, now: datetime, right: bool) -> Why | None:
    if right:
        locking.clear(counted)
        return None
    locking.count_failure(counted, settings.lock, now)
    return Why.PASSWORD


def _record(db: AsyncSession, context: Context, found: _Found, account: Account, why: Why | None) -> None:
    """A line for each failure, and one more for the failure that locked. Nobody reads the log of an unknown company."""
    organization, operator = found.organization, found.operator
    if organization is None or why is None:
        return
    about = {"login": account.login, "why": why, "known_device": found.device is not None}
    if why is Why.SUSPENDED and operator is not None:
        audit.record(db, context, organization.id, Action.SIGN_IN_REFUSED, by=operator, target=operator, **about)
        return
    audit.record(db, context, organization.id, Action.SIGN_IN_FAILED, by=audit.ANONYMOUS, target=operator, **about)
    counted = found.device or operator
    if why is Why.PASSWORD and counted is not None and locking.is_locked(counted, context.clock.now()):
        until = counted.locked_until.isoformat() if counted.locked_until else None
        about = {"until": until, "known_device": found.device is not None}
        audit.record(db, context, organization.id, Action.SIGN_IN_LOCKED, by=audit.SYSTEM, target=operator, **about)


async def _refused(
    context: Context, found: _Found, account: Account, address: str | None, why: Why
) -> SignInFailed | TooManyRequests | NetworkNotAllowed:
    """What the client hears. Failures of a known device slow down nobody but itself."""
    budgets = context.sign_in_budgets
    if found.device is None:
        await budgets.failed(str(account), address)
    else:
        await budgets.failed_address(address)
    if found.device is not None and why is Why.NETWORK:
        return NetworkNotAllowed(f"You cannot sign in from {address}: your organisation allows only certain networks.")
    if found.device is not None and why is Why.LOCKED and found.device.locked_until is not None:
        wait = max(int((found.device.locked_until - context.clock.now()).total_seconds()), 1)
        said = f"Too many wrong passwords from this device; try again in {-(-wait // 60)} minutes, or ask an administrator."
        return TooManyRequests(said, retry_after=wait, headers=await budgets.headers(str(account), address))
    refused = SignInFailed(REFUSED)
    refused.headers.update(await budgets.headers(str(account), address))
    return refused
