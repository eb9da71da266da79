"""From the terminal to the console: a link, good once and for a minute, that signs a browser of the same person in.

A browser cannot prove which machine it runs on. So where only registered machines are let in, the console is opened from
a terminal that has proved it: the browser's sign-in inherits machine, methods and time of the proof, and nothing more.
"""

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import Action
from api.auth import issuing, repository, standing
from api.auth.models import Challenge, SignIn
from api.auth.permissions import Caller, authorize_in_person
from api.auth.schemas import ConsoleLink, Tokens
from api.context import Context
from api.kit.secret import digest, new_credential
from api.operators.models import Operator
from api.problems import SignInFailed

PURPOSE = "console"
PREFIX = "tcl_"
LIFE = timedelta(minutes=1)


def link(db: AsyncSession, context: Context, caller: Caller) -> ConsoleLink:
    """A link for the caller's own browser. The secret is behind the `#`: it reaches no server log."""
    authorize_in_person(caller)
    secret, now = new_credential(PREFIX), context.clock.now()
    subject = caller.proof.sign_in_id if caller.proof else ""
    db.add(Challenge(id=digest(secret), purpose=PURPOSE, subject=subject, nonce=b"", expires_at=now + LIFE))
    url = f"{context.settings.public_url}/console#enter={secret}"
    return ConsoleLink(url=url, expires_in=int(LIFE.total_seconds()))


async def enter(db: AsyncSession, context: Context, secret: str, address: str | None) -> Tokens:
    """Sign the browser in that has the link."""
    asked = await repository.take_challenge(db, digest(secret), PURPOSE, context.clock.now())
    of = await db.get(SignIn, asked.subject) if asked else None
    operator = await db.get(Operator, of.operator_id) if of else None
    good = of is not None and operator is not None and await standing.holds(db, operator)
    if of is None or operator is None or not good or not await standing.still_enough(db, operator, of):
        await context.sign_in_budgets.failed_address(address, db)
        raise SignInFailed("This link is not good any more; get a new one with: tasuki console", keep=True)
    sign_in = await issuing.begin(db, context, operator, of.methods, of.machine_id)
    sign_in.authenticated_at, sign_in.parent_id = of.authenticated_at, of.id
    about = {"methods": of.methods, "machine_id": of.machine_id, "from_sign_in": of.id}
    audit.record(db, context, operator.organization_id, Action.SIGN_IN_SUCCEEDED, by=operator, target=operator, **about)
    return issuing.issue(db, context, operator, sign_in)
