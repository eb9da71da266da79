"""How tokens reach a client: programs get all of them in the body, the console the lasting ones as cookies no script reads."""

from typing import Annotated

from fastapi import Header, Request, Response

from api.auth.schemas import Tokens
from api.context import Context
from api.passwords.bringing import DEVICE_COOKIE
from api.passwords.known_devices import FORGOTTEN_AFTER
from texts import LANGUAGES

COOKIE = "__Host-tasuki_refresh"
CONSOLE = "console"

Client = Annotated[
    str | None,
    Header(
        alias="X-Tasuki-Client",
        description="`console` keeps the refresh token in a cookie that scripts cannot read, instead of in the body.",
    ),
]


def deliver(given: Tokens, response: Response, context: Context, client: str | None) -> Tokens:
    """The answer's body, with cookies set for the console."""
    response.headers["Cache-Control"] = "no-store"
    if client != CONSOLE:
        return given
    if given.refresh_token is not None:
        _keep(response, COOKIE, given.refresh_token, context.settings.console_cookie_life)
    if given.device_secret is not None:
        _keep(response, DEVICE_COOKIE, given.device_secret, int(FORGOTTEN_AFTER.total_seconds()))
    return given.model_copy(update={"refresh_token": None, "device_secret": None})


def language_of(request: Request) -> str:
    """The first language of Accept-Language that there are texts in, else English: for what is sent to the asking person."""
    for part in request.headers.get("accept-language", "").split(","):
        word = part.partition(";")[0].strip()[:2].lower()
        if word in LANGUAGES:
            return word
    return LANGUAGES[0]


def _keep(response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="strict")
