"""Routes of passkeys."""

from fastapi import APIRouter, Request, Response

from api.auth.caller import FreshMyselfWriter, Me
from api.auth.delivery import Client, deliver
from api.auth.enrolling import Enrols
from api.auth.methods import Method
from api.auth.schemas import Tokens
from api.context import Ctx, Db, client_address
from api.examples import answers
from api.kit.pages import Cursor, Limit, Page, after_cursor, page_of
from api.passkeys import proving, repository, service
from api.passkeys.schemas import PasskeyCreate, PasskeyOptions, PasskeySignIn, PasskeyView
from api.passwords.bringing import Brings
from api.problems import (
    AlreadyExists,
    BadCursor,
    Conflict,
    MachineRequired,
    NetworkNotAllowed,
    NotFound,
    SecondStepFailed,
    SignInFailed,
    TooManyRequests,
)
from api.second_factors import service as factors
from api.second_factors.schemas import Enrolled

router = APIRouter(prefix="/v1/auth/passkeys", tags=["sign-in"])
_LIFE = int(proving.LIFE.total_seconds())


@router.post(
    "/sign-in/options",
    operation_id="start_passkey_sign_in",
    summary="Start a sign-in by passkey alone",
    responses=answers(TooManyRequests),
)
async def sign_in_options(request: Request, context: Ctx, db: Db) -> PasskeyOptions:
    """For `navigator.credentials.get`. Nobody is named: the passkey says whose it is."""
    await context.code_budgets.challenge(db, client_address(request))
    challenge_id, options = await proving.proof_options(db, context, None, "")
    return PasskeyOptions(challenge_id=challenge_id, options=options, expires_in=_LIFE)


@router.post(
    "/sign-in",
    operation_id="sign_in_by_passkey",
    summary="Sign in by passkey alone",
    responses=answers(SignInFailed, NetworkNotAllowed, MachineRequired, TooManyRequests),
)
async def sign_in(
    body: PasskeySignIn, request: Request, response: Response, context: Ctx, brought: Brings, client: Client = None
) -> Tokens:
    """A passkey is unlocked by finger, face or PIN: it is both factors at once."""
    address = client_address(request)
    await context.sign_in_budgets.check_address(address)
    async with context.database.write() as db:
        given = await service.sign_in(db, context, body, address, brought)
    return deliver(given, response, context, client)


@router.post("/options", operation_id="start_passkey", summary="Start making a passkey")
async def options(who: Enrols, context: Ctx, db: Db) -> PasskeyOptions:
    """For `navigator.credentials.create`."""
    organization, operator = await factors.enrolling_operator(db, who)
    username = f"{organization.code}/{operator.login}"
    challenge_id, given = await proving.registration_options(db, context, operator, username, who.subject)
    return PasskeyOptions(challenge_id=challenge_id, options=given, expires_in=_LIFE)


@router.post(
    "",
    operation_id="create_passkey",
    summary="Keep a passkey",
    status_code=201,
    responses=answers(SecondStepFailed, AlreadyExists, Conflict, MachineRequired),
)
async def create(
    who: Enrols, body: PasskeyCreate, response: Response, context: Ctx, brought: Brings, client: Client = None
) -> Enrolled:
    """With the first factor come ten recovery codes; a sign-in that waited for this is complete."""
    async with context.database.write() as db:
        _, operator = await factors.enrolling_operator(db, who)
        made = await service.create(db, context, operator, who.subject, body)
        given = await factors.enrolled(db, context, who, Method.PASSKEY, made, brought)
    if given.tokens is not None:
        given.tokens = deliver(given.tokens, response, context, client)
    return given


@router.get("", operation_id="list_passkeys", summary="List your passkeys", responses=answers(BadCursor))
async def list_passkeys(caller: Me, db: Db, limit: Limit = 50, cursor: Cursor = None) -> Page[PasskeyView]:
    """Newest first."""
    rows = await repository.page(db, caller.operator_id, after_cursor(cursor), limit)
    return page_of([service.view(row) for row in rows], [row.id for row in rows], limit)


@router.delete(
    "/{passkey_id}",
    operation_id="delete_passkey",
    summary="Remove a passkey",
    status_code=204,
    responses=answers(NotFound, Conflict),
)
async def delete(caller: FreshMyselfWriter, passkey_id: str, context: Ctx, db: Db) -> None:
    """Not the last factor of somebody who must have one."""
    organization, operator = await factors.own(db, caller)
    await service.delete(db, context, organization, operator, passkey_id)
