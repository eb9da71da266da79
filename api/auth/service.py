"""Signing in, changing a password, and the rotation of refresh tokens."""

from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth import repository
from api.auth.models import RefreshToken
from api.auth.passwords import weakness
from api.auth.permissions import effective
from api.auth.schemas import PasswordChange, Tokens
from api.context import Context
from api.kit.ids import Kind, new_id
from api.kit.secret import REFRESH_PREFIX, digest, new_credential
from api.operators import repository as operators
from api.operators.models import Operator, Role
from api.problems import Invalid, OperatorSuspended, PasswordChangeRequired, RefreshRefused, SignInFailed
from api.signing.keyring import API_AUDIENCE
from wire import tokens


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


async def check_password(context: Context, account: Account, password: str, address: str | None) -> Operator:
    """The operator whose password this is. Hashing happens outside any transaction.

    Unknown and wrong cost the same time and give the same answer.
    """
    context.sign_in_budgets.check(str(account), address)
    async with context.database.read() as db:
        operator = await operators.by_login(db, account.company, account.login)
    stored = operator.password_hash if operator else None
    if not await context.passwords.matches(stored, password) or operator is None:
        context.sign_in_budgets.failed(str(account), address)
        wrong = SignInFailed("Company, login or password is wrong.")
        wrong.headers.update(context.sign_in_budgets.headers(str(account), address))
        raise wrong
    context.sign_in_budgets.succeeded(str(account))
    if operator.suspended_at:
        raise OperatorSuspended("Your access is suspended; ask an administrator of your organisation.")
    return operator


async def sign_in(context: Context, username: str, password: str, address: str | None) -> Tokens:
    """Tokens for a right password that need not be changed."""
    operator = await check_password(context, Account.of(username), password, address)
    if operator.must_change_password:
        raise PasswordChangeRequired("This is a one-time password; set your own with POST /v1/auth/password.")
    rehashed = await context.passwords.hash(password) if context.passwords.outdated(operator.password_hash) else None
    async with context.database.write() as db:
        current = await _unchanged(db, operator)
        if rehashed:
            current.password_hash = rehashed
        return _issue(db, context, current)


async def change_password(context: Context, body: PasswordChange, address: str | None) -> Tokens:
    """Set a new password, end all other sign-ins of the operator, and sign in with it."""
    account = Account.of(body.username)
    operator = await check_password(context, account, body.password, address)
    refuse_weak(body.new_password, (account.company, account.login))
    if await context.passwords.matches(operator.password_hash, body.new_password):
        raise invalid_password("Use a password that is not the present one.")
    hashed = await context.passwords.hash(body.new_password)
    async with context.database.write() as db:
        current = await _unchanged(db, operator)
        current.password_hash, current.must_change_password = hashed, False
        current.token_version += 1
        await repository.end_all(db, current.id)
        return _issue(db, context, current)


async def refresh(context: Context, db: AsyncSession, token: str) -> Tokens:
    """The next access and refresh token. A token used twice was copied: its whole family ends."""
    now = context.clock.now()
    row = await repository.refresh_token(db, digest(token))
    if row is None or row.expires_at <= now:
        raise RefreshRefused("Sign in again: the refresh token is unknown or has expired.")
    operator = await db.get(Operator, row.operator_id)
    if operator is None or operator.suspended_at:
        raise RefreshRefused("Sign in again: the access of this operator has changed.")
    if not await repository.use_once(db, row.digest, now):
        await repository.end_family(db, row.family)
        raise RefreshRefused("Sign in again: this refresh token was used before, so its sign-in was ended.", keep=True)
    return _issue(db, context, operator, row.family)


async def sign_out(db: AsyncSession, token: str) -> None:
    """End the sign-in a refresh token belongs to; nothing happens when there is none."""
    row = await repository.refresh_token(db, digest(token))
    if row is not None:
        await repository.end_family(db, row.family)


def refuse_weak(password: str, names: tuple[str, ...]) -> None:
    """Raise Invalid with the reason when a new password is too weak."""
    why = weakness(password, names)
    if why is not None:
        raise invalid_password(why)


def invalid_password(why: str) -> Invalid:
    """The validation problem of the member `new_password`."""
    return Invalid.at("#/new_password", why)


async def _unchanged(db: AsyncSession, checked: Operator) -> Operator:
    """The operator again, inside the writing transaction; refused when something changed while the hash was computed."""
    current = await db.get(Operator, checked.id, with_for_update=True)
    if current is None or current.suspended_at or current.password_hash != checked.password_hash:
        raise SignInFailed("The account has just changed; try again.")
    return current


def _issue(db: AsyncSession, context: Context, operator: Operator, family: str | None = None) -> Tokens:
    now, settings = context.clock.now(), context.settings
    secret = new_credential(REFRESH_PREFIX)
    db.add(
        RefreshToken(
            digest=digest(secret),
            family=family or new_id(Kind.REFRESH),
            operator_id=operator.id,
            created_at=now,
            expires_at=now + settings.refresh_token_life,
        )
    )
    expires_at = context.keyring.expiry(settings.access_token_life)
    claims = {
        "aud": API_AUDIENCE,
        "sub": operator.id,
        "org": operator.organization_id,
        "ver": operator.token_version,
        "scope": " ".join(sorted(effective(Role(operator.role)))),
    }
    return Tokens(
        access_token=context.keyring.sign(tokens.ACCESS, claims, expires_at),
        expires_in=int(settings.access_token_life.total_seconds()),
        refresh_token=secret,
    )
