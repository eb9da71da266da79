"""Routes of sign-in."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Form, Request, Response

from api.auth import console, service
from api.auth.caller import FreshMyselfWriter, Me
from api.auth.delivery import CONSOLE, COOKIE, Client, deliver
from api.auth.schemas import ConsoleEntry, ConsoleLink, MeView, PasswordChange, RefreshRequest, TokenForm, Tokens
from api.context import Context, Ctx, Db, client_address
from api.examples import answers
from api.operators import service as operators
from api.organizations import service as organizations
from api.passwords.bringing import Brings
from api.passwords.checking import Account
from api.problems import (
    ClientHeaderMissing,
    Forbidden,
    MachineRequired,
    MfaEnrolmentRequired,
    MfaRequired,
    NetworkNotAllowed,
    OperatorSuspended,
    OriginNotAllowed,
    PasswordChangeRequired,
    RefreshRefused,
    SignInFailed,
    TooManyRequests,
    Unavailable,
)

router = APIRouter(prefix="/v1", tags=["sign-in"])

_STEPS = (MfaRequired, MfaEnrolmentRequired, MachineRequired)
RefreshCookie = Annotated[str | None, Cookie(alias=COOKIE, include_in_schema=False)]


@router.post(
    "/auth/token",
    operation_id="sign_in",
    summary="Sign in",
    responses=answers(SignInFailed, PasswordChangeRequired, OperatorSuspended, *_STEPS, TooManyRequests, Unavailable),
)
async def sign_in(
    form: Annotated[TokenForm, Form()],
    request: Request,
    response: Response,
    context: Ctx,
    brought: Brings,
    client: Client = None,
) -> Tokens:
    """Company, login and password for a short access token and a refresh token (OAuth2 password form).

    Three wrong passwords in a row lock the account for 15 minutes, or as the organisation has set; a device that signed in
    before is not shut out by the failures of others. Whatever stands in the way, the answer is the same.
    A one-time password answers 403 `password-change-required`: set a new one with `POST /v1/auth/password`.
    With a second factor it answers 401 `mfa-required`: go on with `POST /v1/auth/mfa/verify`. Where the organisation wants one
    and there is none, 403 `mfa-enrolment-required`: set one up with `mfa_token` as the bearer token, which completes the sign-in.
    """
    address = client_address(request)
    given = await service.sign_in(context, form.username, form.password, address, brought, form.machine())
    response.headers.update(await context.sign_in_budgets.headers(str(Account.of(form.username)), address))
    return deliver(given, response, context, client)


@router.post(
    "/auth/password",
    operation_id="change_password",
    summary="Change the password and sign in",
    responses=answers(SignInFailed, OperatorSuspended, *_STEPS, TooManyRequests, Unavailable),
)
async def change_password(
    body: PasswordChange,
    request: Request,
    response: Response,
    context: Ctx,
    brought: Brings,
    client: Client = None,
) -> Tokens:
    """Takes the present or the one-time password, and ends all other sign-ins of the operator.

    With a second factor set up nothing changes until the second step: 401 `mfa-required`.
    """
    address = client_address(request)
    given = await service.change_password(context, body, address, brought)
    response.headers.update(await context.sign_in_budgets.headers(str(Account.of(body.username)), address))
    return deliver(given, response, context, client)


@router.post(
    "/auth/refresh",
    operation_id="refresh_sign_in",
    summary="Get the next access token",
    responses=answers(RefreshRefused, ClientHeaderMissing, OriginNotAllowed),
)
async def refresh(
    request: Request,
    response: Response,
    context: Ctx,
    db: Db,
    body: RefreshRequest | None = None,
    client: Client = None,
    cookie: RefreshCookie = None,
) -> Tokens:
    """A refresh token is good once and is replaced. Using one twice ends the sign-in it came from.

    The console sends its cookie, with the header `X-Tasuki-Client: console`.
    """
    token = body.refresh_token if body and body.refresh_token else _from_cookie(request, context, cookie, client)
    if token is None:
        raise RefreshRefused("Sign in: no refresh token was sent.")
    return deliver(await service.refresh(context, db, token), response, context, client)


@router.post(
    "/auth/logout",
    operation_id="sign_out",
    summary="Sign out",
    status_code=204,
    responses=answers(ClientHeaderMissing, OriginNotAllowed),
)
async def sign_out(
    request: Request,
    response: Response,
    context: Ctx,
    db: Db,
    body: RefreshRequest | None = None,
    client: Client = None,
    cookie: RefreshCookie = None,
) -> None:
    """Ends the sign-in that the refresh token belongs to. Always 204, also when there was none."""
    token = body.refresh_token if body and body.refresh_token else _from_cookie(request, context, cookie, client)
    if token is not None:
        await service.sign_out(db, token)
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")


@router.post(
    "/auth/console-link", operation_id="make_console_link", summary="Open the console from a terminal",
    responses=answers(Forbidden),
)  # fmt: skip
async def console_link(caller: FreshMyselfWriter, context: Ctx, db: Db) -> ConsoleLink:
    """A link that signs a browser of yours in, good once and for a minute. The only way in for browsers where the organisation
    lets in registered machines only: a browser cannot prove which machine it runs on, the terminal has.
    """
    return console.link(db, context, caller)


@router.post(
    "/auth/console",
    operation_id="enter_console",
    summary="Sign in by a link from a terminal",
    responses=answers(SignInFailed, NetworkNotAllowed, TooManyRequests),
)
async def enter_console(
    body: ConsoleEntry, request: Request, response: Response, context: Ctx, client: Client = None
) -> Tokens:
    """The browser's sign-in has the machine, the methods and the time of proof of the terminal's."""
    address = client_address(request)
    await context.sign_in_budgets.check_address(address)
    async with context.database.write() as db:
        given = await console.enter(db, context, body.secret, address)
    return deliver(given, response, context, client)


@router.get("/me", operation_id="get_me", summary="Who am I?")
async def me(caller: Me, db: Db) -> MeView:
    """The operator and organisation behind the token or key, and what it may do."""
    return MeView(
        operator=operators.view(await operators.get(db, caller, caller.operator_id)),
        organisation=organizations.view(await organizations.get(db, caller)),
        scopes=sorted(caller.scopes),
    )


def _from_cookie(request: Request, context: Context, cookie: str | None, client: str | None) -> str | None:
    """The cookie's token, if our own page sent it: another site can make a browser send the cookie, but not the header."""
    if cookie is None:
        return None
    if client != CONSOLE:
        raise ClientHeaderMissing("Send the header X-Tasuki-Client: console together with the cookie.")
    origin = request.headers.get("origin")
    if origin is not None and origin != context.settings.public_url:
        raise OriginNotAllowed(f"Use the console at {context.settings.public_url}.")
    return cookie
