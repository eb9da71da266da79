"""`tasuki login` and `tasuki logout`."""

import contextlib
import os
import sys
from typing import Annotated, Any

import typer

from agent.api_client import ApiClient, ApiError, ServerUnreachableError
from agent.commands.output import CommandError, JsonOption, ServerOption, print_json, run, say
from agent.commands.store import Credentials

DEFAULT_SERVER = "http://localhost:8080"


def _password(prompt: str, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    return str(typer.prompt(prompt, hide_input=True, err=True))


def _new_password(from_stdin: bool) -> str:
    if from_stdin:
        return _password("", True)
    first = _password("New password (15 characters or more)", False)
    if first != _password("The same again", False):
        raise CommandError("the two entries differ; nothing was changed")
    return first


async def _sign_in(api: ApiClient, username: str, password: str, from_stdin: bool) -> dict[str, Any]:
    form = {"grant_type": "password", "username": username, "password": password}
    try:
        return await api.call("POST", "/v1/auth/token", data=form)
    except ApiError as error:
        if error.slug != "password-change-required":
            raise
    if not from_stdin:
        say("This password was for one time. Choose your own now.")
    body = {"username": username, "password": password, "new_password": _new_password(from_stdin)}
    return await api.post("/v1/auth/password", body)


def login(
    server: ServerOption = None,
    company: Annotated[str | None, typer.Option(help="Company code.")] = None,
    name: Annotated[str | None, typer.Option("--login", help="Login name.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password (and a new one, if asked) as lines from stdin.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Sign in as an operator."""
    saved = Credentials.load()
    if server is None:
        usual = saved.server if saved else DEFAULT_SERVER
        server = usual if password_stdin else str(typer.prompt("Server", default=usual, err=True))
    company = company or str(typer.prompt("Company", err=True))
    name = name or str(typer.prompt("Login", err=True))
    username = f"{company}/{name}"
    password = os.environ.get("TASUKI_PASSWORD") or _password("Password", password_stdin)

    async def work() -> None:
        async with ApiClient(server) as api:
            answer = await _sign_in(api, username, password, password_stdin)
        Credentials.from_answer(server, username, answer).save()

    run(work())
    if as_json:
        print_json({"server": server, "username": username})
    else:
        say(f"Signed in at {server} as {username}.", strong=username)


def logout(as_json: JsonOption = False) -> None:
    """Sign out and forget the tokens on this machine."""
    saved = Credentials.load()

    async def work() -> None:
        if saved is not None:
            async with ApiClient(saved.server, token=saved.access_token) as api:
                with contextlib.suppress(ApiError, ServerUnreachableError):
                    await api.post("/v1/auth/logout", {"refresh_token": saved.refresh_token})

    run(work())
    Credentials.forget()
    if as_json:
        print_json({"signed_out": saved is not None})
    else:
        say("Signed out.")
