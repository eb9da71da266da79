"""Rules of operators' invitations: a link that works once, for three days, for somebody without a password of their own."""

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import Action
from api.auth.permissions import Caller
from api.context import Context
from api.kit.secret import digest, new_credential
from api.mail import service as mail
from api.mail.message import AddressUnusable
from api.operator_invitations import repository
from api.operator_invitations.models import OperatorInvitation
from api.operator_invitations.schemas import InvitationAccepted, InvitationAnswer, InvitationSent
from api.operators import service as operators
from api.operators.models import Operator
from api.organizations.models import Organization
from api.organizations.service import get as organization_of
from api.passwords import changing, rules
from api.problems import Conflict, InvitationNotValid

PREFIX = "toi_"
GOOD_FOR = timedelta(hours=72)
TEMPLATE = "operator_invitation"


async def invite(db: AsyncSession, context: Context, caller: Caller, operator_id: str, language: str) -> InvitationSent:
    """A new link; one that was sent before is worth nothing any more. It goes by mail, or else into the answer."""
    operator = await operators.get(db, caller, operator_id)
    if not operator.must_change_password:
        raise Conflict("This operator has a password already; reset it first if it is lost.")
    token, now = new_credential(PREFIX), context.clock.now()
    await repository.remove(db, operator.id)
    db.add(
        OperatorInvitation(
            operator_id=operator.id,
            digest=digest(token),
            created_by=caller.id,
            created_at=now,
            expires_at=now + GOOD_FOR,
        )
    )
    organization = await organization_of(db, caller)
    link = f"{context.settings.public_url}/console/invitation#{token}"
    mailed = _mail(db, context, organization, operator, language, link)
    audit.record(db, context, organization.id, Action.OPERATOR_INVITED, by=caller, target=operator, mailed=mailed)
    return InvitationSent(mailed=mailed, link=None if mailed else link, expires_at=now + GOOD_FOR)


async def accept(context: Context, body: InvitationAnswer, address: str | None) -> InvitationAccepted:
    """The operator's first password. Hashing happens outside any transaction, so the token is looked at again."""
    await context.sign_in_budgets.check_address(address)
    try:
        async with context.database.read() as db:
            operator, organization = await _whom(db, context, body.token)
        await rules.refuse(context, organization, operator, body.password, "password")
        hashed = await context.passwords.hash(body.password)
        async with context.database.write() as db:
            operator, organization = await _whom(db, context, body.token)
            await changing.set_password(db, context, organization, operator, hashed)
            audit.record(
                db, context, organization.id, Action.OPERATOR_INVITATION_ACCEPTED, by=operator, target=operator
            )
    except InvitationNotValid as problem:
        await context.sign_in_budgets.failed_address(address)
        problem.headers.update(await context.sign_in_budgets.headers(None, address))
        raise
    return InvitationAccepted(
        username=f"{organization.code}/{operator.login}", name=operator.name, organisation=organization.name
    )


def _mail(
    db: AsyncSession, context: Context, organization: Organization, operator: Operator, language: str, link: str
) -> bool:
    """Whether it could be queued: the server has SMTP, and the operator an address that can be mailed."""
    if operator.email is None:
        return False
    try:
        values = {
            "name": operator.name,
            "organisation": organization.name,
            "username": f"{organization.code}/{operator.login}",
            "link": link,
        }
        return mail.queue_until(db, context, operator.email, TEMPLATE, language, GOOD_FOR, values)
    except AddressUnusable:
        return False


async def _whom(db: AsyncSession, context: Context, token: str) -> tuple[Operator, Organization]:
    found = await repository.by_digest(db, digest(token))
    if found is not None:
        invitation, operator, organization = found
        if invitation.expires_at > context.clock.now() and not operator.suspended_at and not organization.disabled_at:
            return operator, organization
    raise InvitationNotValid("Ask an administrator of your organisation for a new invitation.")
