"""Who may set up ways to sign in: somebody who signed in a moment ago, or whose sign-in waits for just that."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import SecurityScopes
from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth import pending, standing
from api.auth.caller import authenticated, bearer
from api.auth.pending import Pending, Step
from api.auth.permissions import FRESH, Scope
from api.context import Ctx
from api.operators.models import Operator
from api.problems import TokenRefused
from wire import tokens


@dataclass(frozen=True, slots=True)
class Enrolling:
    """An operator, by an access token or by a sign-in that is not complete."""

    operator_id: str
    subject: str
    """The running or pending sign-in: what is sent or asked for one of them is no good for another."""
    pending: Pending | None = None


def _dependency(step: Step) -> Callable[..., Awaitable[Enrolling]]:
    async def enrolling(
        request: Request, needed: SecurityScopes, context: Ctx, token: Annotated[str | None, Security(bearer)]
    ) -> Enrolling:
        if token is not None and tokens.unverified_type(token) == tokens.PENDING:
            waiting = pending.read(context, token, step)
            request.state.caller = waiting.operator_id
            return Enrolling(waiting.operator_id, waiting.id, waiting)
        caller = await authenticated(request, needed, context, token)
        subject = caller.proof.sign_in_id if caller.proof else ""
        return Enrolling(caller.operator_id, subject)

    return enrolling


_SCOPES = [str(Scope.ME_WRITE), FRESH]
Enrols = Annotated[Enrolling, Security(_dependency(Step.ENROL), scopes=_SCOPES)]
RegistersMachine = Annotated[Enrolling, Security(_dependency(Step.MACHINE), scopes=_SCOPES)]


async def present(db: AsyncSession, waiting: Pending, operator: Operator | None) -> Operator:
    """The operator of a pending sign-in, if nothing has changed since its first step."""
    if operator is None or operator.token_version != waiting.version or not await standing.holds(db, operator):
        raise TokenRefused("Start the sign-in again: the access of this operator has changed.")
    return operator
