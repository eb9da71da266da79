"""Routes of second factors: the second step of a sign-in, proving again, setting up."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.auth.caller import FreshMyselfWriter, Me, MyselfWriter
from api.auth.delivery import Client, deliver, language_of
from api.auth.enrolling import Enrols
from api.auth.methods import Method
from api.auth.permissions import authorize_in_person
from api.auth.schemas import Tokens
from api.context import Ctx, Db, client_address
from api.examples import answers
from api.operators import service as operators
from api.organizations import service as organizations
from api.passwords.bringing import Brings
from api.passwords.checking import Account, check_password
from api.problems import (
    Conflict,
    Forbidden,
    Invalid,
    MachineRequired,
    NotFound,
    SecondStepFailed,
    SignInFailed,
    TokenRefused,
    TooManyRequests,
    Unavailable,
)
from api.second_factors import codes, service, setting_up
from api.second_factors.schemas import (
    ChallengeRequest,
    ChallengeView,
    Confirm,
    EmailSetup,
    Enrolled,
    MfaView,
    RecoveryCodes,
    Shown,
    SmsSetup,
    StepUp,
    StepUpChallengeRequest,
    TotpOffer,
    Verify,
)

router = APIRouter(prefix="/v1/auth", tags=["sign-in"])
Language = Annotated[str, Depends(language_of)]
_TRIES = (TokenRefused, SecondStepFailed, TooManyRequests)


@router.post(
    "/mfa/challenge",
    operation_id="start_second_step",
    summary="Ask for a code, or for what a passkey signs",
    responses=answers(TokenRefused, Conflict, TooManyRequests, Unavailable),
)
async def challenge(body: ChallengeRequest, context: Ctx, language: Language) -> ChallengeView:
    """`email` and `sms` send a code, at most five in 15 minutes; `passkey` answers options for the browser."""
    return await service.challenge(context, body.mfa_token, body.method, language)


@router.post(
    "/mfa/verify",
    operation_id="finish_second_step",
    summary="Complete a sign-in with its second step",
    responses=answers(*_TRIES, MachineRequired),
)
async def verify(
    body: Verify, response: Response, context: Ctx, brought: Brings, language: Language, client: Client = None
) -> Tokens:
    """Each code works once. Five failures in five minutes, or twenty in a day, make the operator wait."""
    return deliver(await service.verify(context, body, brought, language), response, context, client)


@router.post(
    "/step-up/challenge",
    operation_id="start_step_up",
    summary="Ask for a code or passkey options to prove again who you are",
    responses=answers(Forbidden, Conflict, TooManyRequests, Unavailable),
)
async def challenge_again(
    caller: MyselfWriter, body: StepUpChallengeRequest, context: Ctx, language: Language
) -> ChallengeView:
    """As for the second step of a sign-in."""
    return await service.challenge_again(context, caller, body.method, language)


@router.post(
    "/step-up",
    operation_id="step_up",
    summary="Prove again who you are",
    responses=answers(SignInFailed, Forbidden, SecondStepFailed, Conflict, TooManyRequests, Unavailable),
)
async def step_up(
    caller: MyselfWriter,
    body: StepUp,
    request: Request,
    response: Response,
    context: Ctx,
    brought: Brings,
    language: Language,
    client: Client = None,
) -> Tokens:
    """An access token with which dangerous acts are allowed for five minutes. The refresh token stays as it is.

    With a second factor set up it must be that; else the password.
    """
    authorize_in_person(caller)
    shown = None
    if body.method is not None and body.method is not Method.PASSWORD:
        shown = Shown(**body.model_dump(exclude={"password"}))
    elif body.password is not None:
        async with context.database.read() as db:
            company = (await organizations.get(db, caller)).code
            login = (await operators.get(db, caller, caller.operator_id)).login
        await check_password(context, Account(company, login), body.password, client_address(request), brought)
    else:
        raise Invalid.at("#/method", "Send a password, or a method with its code or credential.")
    async with context.database.write() as db:
        given = await service.step_up(db, context, caller, shown, language)
    return deliver(given, response, context, client)


@router.get("/mfa", operation_id="get_second_factors", summary="See what is set up for a second step")
async def see(caller: Me, context: Ctx, db: Db) -> MfaView:
    """Of yourself."""
    return await service.view(db, context, caller)


@router.post(
    "/mfa/totp", operation_id="offer_totp", summary="Set up an authenticator app", responses=answers(TokenRefused)
)
async def offer_totp(who: Enrols, context: Ctx, db: Db) -> TotpOffer:
    """A secret for the app, also as a picture. It counts when a code of it was confirmed; until then the one before does."""
    organization, operator = await service.enrolling_operator(db, who)
    return await setting_up.offer_totp(db, context, organization, operator)


@router.post(
    "/mfa/totp/confirm",
    operation_id="confirm_totp",
    summary="Confirm the authenticator app",
    responses=answers(SecondStepFailed, Conflict, MachineRequired),
)
async def confirm_totp(
    who: Enrols, body: Confirm, response: Response, context: Ctx, brought: Brings, client: Client = None
) -> Enrolled:
    """With the first factor come ten recovery codes; a sign-in that waited for this is complete."""
    return await _confirm(who, Method.TOTP, body, response, context, brought, client)


@router.post(
    "/mfa/email",
    operation_id="offer_email_codes",
    summary="Set up codes by mail",
    responses=answers(TooManyRequests, Unavailable, Conflict),
)
async def offer_email(who: Enrols, body: EmailSetup, context: Ctx, language: Language) -> ChallengeView:
    """Sends a code to the address, to be confirmed."""
    return await _offer(who, Method.EMAIL, body.email, context, language)


@router.post(
    "/mfa/email/confirm",
    operation_id="confirm_email_codes",
    summary="Confirm codes by mail",
    responses=answers(SecondStepFailed, Conflict, MachineRequired),
)
async def confirm_email(
    who: Enrols, body: Confirm, response: Response, context: Ctx, brought: Brings, client: Client = None
) -> Enrolled:
    """As for the authenticator app."""
    return await _confirm(who, Method.EMAIL, body, response, context, brought, client)


@router.post(
    "/mfa/sms",
    operation_id="offer_sms_codes",
    summary="Set up codes by SMS",
    responses=answers(TooManyRequests, Unavailable),
)
async def offer_sms(who: Enrols, body: SmsSetup, context: Ctx, language: Language) -> ChallengeView:
    """Sends a code to the number, to be confirmed. SMS can be redirected by others: prefer an app or a passkey."""
    return await _offer(who, Method.SMS, body.phone, context, language)


@router.post(
    "/mfa/sms/confirm",
    operation_id="confirm_sms_codes",
    summary="Confirm codes by SMS",
    responses=answers(SecondStepFailed, Conflict, MachineRequired),
)
async def confirm_sms(
    who: Enrols, body: Confirm, response: Response, context: Ctx, brought: Brings, client: Client = None
) -> Enrolled:
    """As for the authenticator app."""
    return await _confirm(who, Method.SMS, body, response, context, brought, client)


@router.delete(
    "/mfa/{method}",
    operation_id="remove_second_factor",
    summary="Remove a second factor",
    status_code=204,
    responses=answers(NotFound, Conflict),
)
async def remove(caller: FreshMyselfWriter, method: Method, context: Ctx, db: Db) -> None:
    """`totp`, `email` or `sms`; passkeys one by one. Not the last one of somebody who must have one."""
    organization, operator = await service.own(db, caller)
    await setting_up.remove(db, context, organization, operator, method)


@router.post(
    "/mfa/recovery-codes",
    operation_id="make_recovery_codes",
    summary="Make new recovery codes",
    responses=answers(Conflict),
)
async def recovery_codes(caller: FreshMyselfWriter, context: Ctx, db: Db) -> RecoveryCodes:
    """Ten, shown only now; those of before are no good any more."""
    _, operator = await service.own(db, caller)
    return RecoveryCodes(recovery_codes=await setting_up.new_recovery_codes(db, context, operator))


async def _offer(who: Enrols, method: Method, address: str | None, context: Ctx, language: str) -> ChallengeView:
    later = service.Later()
    async with context.database.write() as db:
        _, operator = await service.enrolling_operator(db, who)
        to = address or operator.email
        if to is None:
            raise Invalid.at("#/email", "Which address? There is none with your account.")
        code = await setting_up.offer_address(db, context, operator, method, to)
        await service.send_code(db, context, operator, method, to, code, language, later)
    await later.run()
    life = int(codes.SENT_LIFE.total_seconds())
    return ChallengeView(method=method, sent_to=service.shortened(to), expires_in=life)


async def _confirm(
    who: Enrols, method: Method, body: Confirm, response: Response, context: Ctx, brought: Brings, client: str | None
) -> Enrolled:
    async with context.database.write() as db:
        _, operator = await service.enrolling_operator(db, who)
        made = await setting_up.confirm(db, context, operator, method, body.code)
        given = await service.enrolled(db, context, who, method, made, brought)
    if given.tokens is not None:
        given.tokens = deliver(given.tokens, response, context, client)
    return given
