"""`tasuki login`, `tasuki logout` and `tasuki console`."""

import contextlib
import os
from typing import Annotated, Any, Final

import typer

from agent.api_client import ApiClient, ApiError, ServerUnreachableError
from agent.commands import second_step
from agent.commands.machine import Machine
from agent.commands.output import (
    CommandError,
    JsonOption,
    ServerOption,
    print_json,
    run,
    say,
)
from agent.commands.second_step import Asking
from agent.commands.security import fresh
from agent.commands.store import Credentials, ServerNotes, signed_in

DEFAULT_SERVER: Final = "http://localhost:8080"
PASSWORD_CHANGE: Final = ("password-change-required", "password-expired")


def _new_password(asking: Asking) -> str:
    if asking.from_stdin:
        return asking.line("")
    first = asking.line("New password (15 characters or more)", hide=True)
    if first != asking.line("The same again", hide=True):
        raise CommandError("the two entries differ; nothing was changed")
    return first


class _SignIn:
    """One sign-in, step by step, as the answers ask for it."""

    def __init__(
        self, api: ApiClient, server: str, username: str, asking: Asking, entry_link: str | None = None
    ) -> None:
        self.api, self.server, self.username, self.asking = api, server, username, asking
        self._notes = ServerNotes(server)
        known = self._notes.get(f"device {username}")
        self.headers = {"X-Tasuki-Device": known} if isinstance(known, str) else {}
        self._entry = f"entry {username.partition('/')[0]}"
        entry = entry_link.rstrip("/").rpartition("/")[2] if entry_link else self._notes.get(self._entry)
        if isinstance(entry, str):
            self.headers["X-Tasuki-Entry"] = entry

    async def run(self, password: str) -> dict[str, Any]:
        """Tokens; ApiError for whatever stands in the way."""
        try:
            answer = await self._first(password)
        except ApiError as error:
            if error.slug == "mfa-required":
                answer = await second_step.prove(self.api, error, self.asking, self.headers)
            elif error.slug == "mfa-enrolment-required":
                answer = await second_step.enrol(self.api, error, self.asking, self.headers)
            else:
                raise
        if answer.get("device_secret"):
            self._notes.put(f"device {self.username}", answer["device_secret"])
        if "X-Tasuki-Entry" in self.headers:
            self._notes.put(self._entry, self.headers["X-Tasuki-Entry"])
        return answer

    async def _first(self, password: str) -> dict[str, Any]:
        proof = await self._machine_proof()
        form = {"grant_type": "password", "username": self.username, "password": password}
        try:
            return await self.api.call("POST", "/v1/auth/token", data=form | _as_form(proof), headers=self.headers)
        except ApiError as error:
            if error.slug not in PASSWORD_CHANGE:
                raise
            self.asking.tell(f"{error.detail.partition(';')[0].rstrip('.')}. Choose your own now.")
        body: dict[str, Any] = {"username": self.username, "password": password}
        body["new_password"] = _new_password(self.asking)
        if proof:
            body["machine"] = await self._machine_proof()
        return await self.api.post("/v1/auth/password", body, headers=self.headers)

    async def _machine_proof(self) -> dict[str, str]:
        machine = Machine.load(self.server)
        return await machine.prove(self.api, self.username) if machine else {}


def _as_form(proof: dict[str, str]) -> dict[str, str]:
    """The proof as the members of the form."""
    return {f"machine_{name.removeprefix('machine_')}": value for name, value in proof.items()}


def login(
    server: ServerOption = None,
    company: Annotated[str | None, typer.Option(help="Company code.")] = None,
    name: Annotated[str | None, typer.Option("--login", help="Login name.")] = None,
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin",
            help="Read the password, then a new one and the code of a second step, if asked for, as lines from stdin.",
        ),
    ] = False,
    method: Annotated[str | None, typer.Option(help="The second step to use: totp, email, sms or recovery.")] = None,
    entry_link: Annotated[
        str | None, typer.Option(help="The organisation's entry link, where it asks for one; kept for the next time.")
    ] = None,
    register_machine: Annotated[
        bool, typer.Option("--register-machine", help="Ask for this computer to be registered for your sign-ins.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Sign in as an operator."""
    saved, asking = Credentials.load(), Asking(password_stdin, method)
    if server is None:
        usual = saved.server if saved else DEFAULT_SERVER
        server = _ask_server(usual, asking)
    company = company or str(typer.prompt("Company", err=True))
    name = name or str(typer.prompt("Login", err=True))
    username = f"{company}/{name}"
    password = os.environ.get("TASUKI_PASSWORD") or asking.line("Password", hide=True)
    registered: dict[str, Any] | None = None

    async def work() -> None:
        nonlocal registered
        async with ApiClient(server) as api:
            try:
                answer = await _SignIn(api, server, username, asking, entry_link).run(password)
            except ApiError as error:
                if error.slug == "machine-required" and register_machine:
                    await _register(api, server, str(error.body["mfa_token"]))
                    raise ApiError(403, "machine-pending", _waiting(server), {}) from error
                raise
            Credentials.from_answer(server, username, answer).save()
            if register_machine:
                registered = await _register(api, server, str(answer["access_token"]))

    run(work())
    if as_json:
        print_json({"server": server, "username": username} | ({"machine": registered} if registered else {}))
        return
    say(f"Signed in at {server} as {username}.", strong=username)
    if registered and not registered["approved"]:
        say(_waiting(server))


def _ask_server(usual: str, asking: Asking) -> str:
    return usual if asking.from_stdin else str(typer.prompt("Server", default=usual, err=True))


async def _register(api: ApiClient, server: str, bearer: str) -> dict[str, Any]:
    return await Machine.load_or_make(server).register(api, server, bearer)


def _waiting(server: str) -> str:
    machine = Machine.load(server)
    fingerprint = machine.fingerprint if machine else "?"
    return (
        f"This computer is registered and waits for approval. Tell an administrator the fingerprint {fingerprint}."
        " Then sign in again here."
    )


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


def console(
    server: ServerOption = None,
    show: Annotated[bool, typer.Option("--print", help="Print the link instead of opening a browser.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Open the console in a browser, signed in as here. The link works once, for a minute."""

    async def work() -> dict[str, Any]:
        async with await signed_in(server) as api:
            made: dict[str, Any] = await fresh(api, lambda: api.post("/v1/auth/console-link"), Asking(from_stdin=False))
            return made

    link = run(work())
    if as_json:
        print_json(link)
    elif show or typer.launch(link["url"]) != 0:
        say(link["url"])
