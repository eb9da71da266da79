"""The second step of a sign-in, proving again who one is, and what is set up."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import Action
from api.auth import issuing, pending, steps
from api.auth import repository as sign_ins
from api.auth.enrolling import Enrolling, present
from api.auth.methods import SENT, Method
from api.auth.pending import Pending, Step
from api.auth.permissions import Caller, authorize_in_person
from api.auth.schemas import Tokens
from api.context import Context
from api.mail import service as mail
from api.operators.models import Operator
from api.organizations import repository as organizations
from api.organizations.models import Organization
from api.organizations.settings import second_factor_enforced, settings_of
from api.passkeys import proving as passkeys
from api.passwords import changing
from api.passwords.bringing import Brought
from api.problems import Conflict, NotFound, TokenRefused
from api.second_factors import codes, proving, repository, setting_up
from api.second_factors.schemas import ChallengeView, Enrolled, FactorView, MfaView, Shown, Verify
from api.sms import service as sms
from texts import translate


@dataclass(slots=True)
class Later:
    """What is done after the transaction: a text message is not sent while the database is locked."""

    tasks: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    async def run(self) -> None:
        """Do it."""
        for task in self.tasks:
            await task()


async def challenge(context: Context, token: str, method: Method, language: str) -> ChallengeView:
    """For the second step of a sign-in: send a code, or say what a passkey is to sign."""
    waiting, later = pending.read(context, token, Step.VERIFY), Later()
    async with context.database.write() as db:
        operator = await present(db, waiting, await repository.locked(db, waiting.operator_id))
        await proving.refuse_too_many(db, context, operator)
        given = await _challenge(db, context, operator, method, waiting.id, language, later)
    await later.run()
    return given


async def challenge_again(context: Context, caller: Caller, method: Method, language: str) -> ChallengeView:
    """The same for somebody who is signed in and must prove it again."""
    authorize_in_person(caller)
    later = Later()
    async with context.database.write() as db:
        operator = await _locked(db, caller.operator_id)
        await proving.refuse_too_many(db, context, operator)
        given = await _challenge(db, context, operator, method, _subject(caller), language, later)
    await later.run()
    return given


async def verify(context: Context, body: Verify, brought: Brought, language: str) -> Tokens:
    """The second step: the sign-in is complete, and a new password that waited for it takes effect."""
    waiting = pending.read(context, body.mfa_token, Step.VERIFY)
    async with context.database.write() as db:
        operator = await present(db, waiting, await repository.locked(db, waiting.operator_id))
        organization = await _organization(db, operator)
        await proving.prove(db, context, operator, body, waiting.id, language)
        if waiting.new_password_hash is not None:
            await changing.set_password(db, context, organization, operator, waiting.new_password_hash)
            audit.record(db, context, organization.id, Action.PASSWORD_CHANGED, by=operator, target=operator)
        methods = [Method.PASSWORD, body.method]
        return await steps.complete(db, context, organization, operator, methods, brought, waiting.machine_id)


async def step_up(db: AsyncSession, context: Context, caller: Caller, shown: Shown | None, language: str) -> Tokens:
    """Who is signed in proves it again, by one of their second factors, or by the password where they have none.

    `shown` is None when the password was right already.
    """
    operator = await _locked(db, caller.operator_id)
    sign_in = await sign_ins.sign_in(db, caller.operator_id, _subject(caller))
    if sign_in is None:
        raise TokenRefused("Sign in again: this sign-in was ended.")
    if shown is None and operator.second_factors:
        raise Conflict("Use one of your second factors; the password alone does not do.")
    if shown is not None:
        if shown.method is Method.RECOVERY:
            raise Conflict("Recovery codes are for signing in; set up another second factor, then use that.")
        await proving.prove(db, context, operator, shown, sign_in.id, language)
    method = shown.method if shown else Method.PASSWORD
    sign_in.authenticated_at = context.clock.now()
    sign_in.methods = [*sign_in.methods, *({method} - set(sign_in.methods))]
    db.add(sign_in)
    audit.record(
        db, context, operator.organization_id, Action.SIGN_IN_STEPPED_UP, by=operator, target=operator, method=method
    )
    return issuing.access_only(context, operator, sign_in)


async def enrolling_operator(db: AsyncSession, who: Enrolling) -> tuple[Organization, Operator]:
    """The operator who sets something up, locked, and their organisation."""
    operator = await repository.locked(db, who.operator_id)
    if who.pending is not None:
        operator = await present(db, who.pending, operator)
        if who.pending.step is Step.ENROL and operator.second_factors:
            raise TokenRefused("A second factor is set up now: start the sign-in again and use it.")
    if operator is None:
        raise NotFound("There is no such operator.")
    return await _organization(db, operator), operator


async def own(db: AsyncSession, caller: Caller) -> tuple[Organization, Operator]:
    """The caller as a row, locked, and their organisation."""
    operator = await _locked(db, caller.operator_id)
    return await _organization(db, operator), operator


async def enrolled(
    db: AsyncSession, context: Context, who: Enrolling, method: Method, made: list[str] | None, brought: Brought
) -> Enrolled:
    """What setting a factor up answers: with a sign-in that was waiting for it, its tokens."""
    if who.pending is None:
        return Enrolled(recovery_codes=made)
    return Enrolled(recovery_codes=made, tokens=await _go_on(db, context, who.pending, method, brought))


async def _go_on(db: AsyncSession, context: Context, waiting: Pending, method: Method, brought: Brought) -> Tokens:
    operator = await _locked(db, waiting.operator_id)
    organization = await _organization(db, operator)
    methods = [Method.PASSWORD, method]
    return await steps.complete(db, context, organization, operator, methods, brought, waiting.machine_id)


async def view(db: AsyncSession, context: Context, caller: Caller) -> MfaView:
    """What the caller has set up."""
    operator = await _locked(db, caller.operator_id)
    organization = await _organization(db, operator)
    factors = [
        FactorView(
            method=Method(row.method),
            sent_to=shortened(setting_up.opened(context, operator, row)) if row.method in SENT else None,
            created_at=row.created_at,
        )
        for row in await repository.confirmed(db, operator.id)
    ]
    return MfaView(
        required=second_factor_enforced(settings_of(organization), operator.role),
        factors=factors,
        passkeys=await repository.passkeys(db, operator.id),
        recovery_codes_left=await repository.recovery_codes_left(db, operator.id),
        offered=steps.offered(context),
    )


async def send_code(
    db: AsyncSession,
    context: Context,
    operator: Operator,
    method: Method,
    to: str,
    code: str,
    language: str,
    later: Later,
) -> None:
    """A code by mail, queued, or by SMS, once the transaction is over."""
    await context.code_budgets.send(db, operator.id)
    minutes = int(codes.SENT_LIFE.total_seconds() // 60)
    if method is Method.EMAIL:
        values = {"name": operator.name, "code": code, "minutes": minutes}
        mail.queue_until(db, context, to, "sign_in_code", language, codes.SENT_LIFE, values)
        return
    text = translate("sms.sign_in_code", language, code=code, minutes=minutes)
    later.tasks.append(lambda: sms.send(context, to, text))


async def reset(db: AsyncSession, operator: Operator) -> None:
    """Everything that was set up is gone: an administrator's act for somebody who lost their authenticator."""
    await repository.remove_all(db, operator.id)
    await setting_up.refresh(db, operator)


async def _challenge(
    db: AsyncSession, context: Context, operator: Operator, method: Method, subject: str, language: str, later: Later
) -> ChallengeView:
    if method not in operator.second_factors:
        raise Conflict(f"The second step {method} is not set up; use one of {', '.join(operator.second_factors)}.")
    if method is Method.PASSKEY:
        challenge_id, options = await passkeys.proof_options(db, context, operator, subject)
        life = int(passkeys.LIFE.total_seconds())
        return ChallengeView(method=method, challenge_id=challenge_id, options=options, expires_in=life)
    sent_to = None
    if method in SENT:
        row = await repository.factor(db, operator.id, method)
        if row is None:
            raise Conflict(f"The second step {method} is not set up.")
        to = setting_up.opened(context, operator, row)
        code = await codes.make_sent(db, context, operator.id, subject, method)
        await send_code(db, context, operator, method, to, code, language, later)
        sent_to = shortened(to)
    return ChallengeView(method=method, sent_to=sent_to, expires_in=int(codes.SENT_LIFE.total_seconds()))


def shortened(to: str) -> str:
    """Enough of an address or number to know which it is."""
    name, at, domain = to.partition("@")
    return f"{name[0]}…@{domain}" if at else f"{to[:3]}…{to[-2:]}"


def _subject(caller: Caller) -> str:
    return caller.proof.sign_in_id if caller.proof else ""


async def _locked(db: AsyncSession, operator_id: str) -> Operator:
    operator = await repository.locked(db, operator_id)
    if operator is None:
        raise NotFound("There is no such operator.")
    return operator


async def _organization(db: AsyncSession, operator: Operator) -> Organization:
    organization = await organizations.by_id(db, operator.organization_id)
    if organization is None:
        raise NotFound("There is no such organisation.")
    return organization
