"""`tasuki security`: second factors, recovery codes, and proving again who one is. `tasuki sign-ins`: signed-in devices."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

import typer

from agent.api_client import ApiClient, ApiError
from agent.commands import second_step
from agent.commands.output import JsonOption, ServerOption, print_json, print_table, run, say
from agent.commands.second_step import SENT, WORDS, Asking
from agent.commands.store import Credentials, signed_in

app = typer.Typer(help="The second step of your sign-in.", no_args_is_help=True)
sign_ins_app = typer.Typer(help="Where you are signed in.", no_args_is_help=True)
Removable = Literal["totp", "email", "sms"]


async def fresh(api: ApiClient, act: Callable[[], Awaitable[Any]], asking: Asking) -> Any:
    """Do `act`; where it needs a proof of a moment ago, ask for one and do it again."""
    try:
        return await act()
    except ApiError as error:
        if error.slug != "step-up-required":
            raise
        methods = list(error.body.get("methods", ["password"]))
    answer = await _prove_again(api, methods, asking)
    api.use(str(answer["access_token"]))
    saved = Credentials.load()
    if saved is not None:
        saved.renew_access(answer).save()
    return await act()


async def _prove_again(api: ApiClient, methods: list[str], asking: Asking) -> dict[str, Any]:
    if "password" in methods:
        return await api.post("/v1/auth/step-up", {"password": asking.line("Your password, to confirm", hide=True)})
    method = second_step.choose(methods, asking)
    if method in SENT:
        sent = await api.post("/v1/auth/step-up/challenge", {"method": method})
        asking.tell(f"A code was sent to {sent['sent_to']}.")
    code = second_step.plain(asking.line(f"To confirm: {WORDS[method]}"), method)
    return await api.post("/v1/auth/step-up", {"method": method, "code": code})


@app.command("status")
def status(server: ServerOption = None, as_json: JsonOption = False) -> None:
    """What is set up."""

    async def work() -> dict[str, Any]:
        async with await signed_in(server) as api:
            return await api.get("/v1/auth/mfa")

    found = run(work())
    if as_json:
        print_json(found)
        return
    for factor in found["factors"]:
        where = f" ({factor['sent_to']})" if factor["sent_to"] else ""
        say(f"{WORDS[factor['method']].capitalize()}{where}, since {factor['created_at'][:10]}")
    if found["passkeys"]:
        say(f"Passkeys: {found['passkeys']}")
    if found["factors"] or found["passkeys"]:
        say(f"Recovery codes left: {found['recovery_codes_left']}")
    else:
        wanted = "Your organisation wants one: it" if found["required"] else "It"
        say(f"No second step is set up. {wanted} takes a minute: tasuki security totp")


@app.command("totp")
def totp(server: ServerOption = None) -> None:
    """Set up an authenticator app; the one before is replaced."""
    asking = Asking(from_stdin=False)

    async def work() -> None:
        async with await signed_in(server) as api:
            await fresh(api, lambda: second_step.set_up_totp(api, asking, None, {}), asking)

    run(work())
    say("The authenticator app is set up.")


@app.command("email")
def email(
    address: Annotated[str | None, typer.Argument(help="Where codes are sent; your own address when left out.")] = None,
    server: ServerOption = None,
) -> None:
    """Set up codes by mail."""
    _by_address("email", {"email": address} if address else {}, server)


@app.command("sms")
def sms(
    phone: Annotated[str, typer.Argument(help="With the country code: +819012345678")], server: ServerOption = None
) -> None:
    """Set up codes by text message."""
    _by_address("sms", {"phone": phone}, server)


def _by_address(method: str, body: dict[str, str], server: str | None) -> None:
    asking = Asking(from_stdin=False)

    async def work() -> dict[str, Any]:
        async with await signed_in(server) as api:
            sent = await fresh(api, lambda: api.post(f"/v1/auth/mfa/{method}", dict(body)), asking)
            code = second_step.plain(asking.line(f"The code that was sent to {sent['sent_to']}"), method)
            return await api.post(f"/v1/auth/mfa/{method}/confirm", {"code": code})

    second_step.show_recovery_codes(run(work()).get("recovery_codes"))
    say(f"From now on {WORDS[method]} can be your second step.")


@app.command("recovery-codes")
def recovery_codes(server: ServerOption = None, as_json: JsonOption = False) -> None:
    """Make ten new recovery codes; those of before are no good any more."""
    asking = Asking(from_stdin=False)

    async def work() -> dict[str, Any]:
        async with await signed_in(server) as api:
            made: dict[str, Any] = await fresh(api, lambda: api.post("/v1/auth/mfa/recovery-codes"), asking)
            return made

    made = run(work())
    if as_json:
        print_json(made)
    else:
        second_step.show_recovery_codes(made["recovery_codes"])


@app.command("remove")
def remove(
    method: Annotated[str, typer.Argument(help="totp, email or sms; passkeys are removed in the console.")],
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a second factor away."""
    asking = Asking(from_stdin=False)

    async def work() -> None:
        async with await signed_in(server) as api:
            await fresh(api, lambda: api.call("DELETE", f"/v1/auth/mfa/{method}"), asking)

    run(work())
    if as_json:
        print_json({"removed": method})
    else:
        say("Removed.")


@sign_ins_app.command("list")
def list_sign_ins(
    operator: Annotated[str | None, typer.Option(help="Of this operator (opr_…); your own when left out.")] = None,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Signed-in devices, newest first."""

    async def work() -> dict[str, Any]:
        async with await signed_in(server) as api:
            return await api.get(f"{_whose(operator)}/sign-ins", limit=200)

    found = run(work())
    if as_json:
        print_json(found)
        return
    rows = [
        [
            row["id"] + (" (this one)" if row["current"] else ""), row["last_used_at"][:16].replace("T", " "),
            row["address"] or "-", ", ".join(row["methods"]), (row["user_agent"] or "-")[:60],
        ]
        for row in found["items"]
    ]  # fmt: skip
    print_table(rows, "Device", "Last used (UTC)", "Address", "Proved by", "Client")


@sign_ins_app.command("revoke")
def revoke(
    sign_in: Annotated[str, typer.Argument(help="Which (rft_…), as `tasuki sign-ins list` shows it.")],
    operator: Annotated[str | None, typer.Option(help="Of this operator (opr_…); your own when left out.")] = None,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign a device out, at once."""

    async def work() -> None:
        async with await signed_in(server) as api:
            await api.call("DELETE", f"{_whose(operator)}/sign-ins/{sign_in}")

    run(work())
    if as_json:
        print_json({"revoked": sign_in})
    else:
        say("Signed out there.")


def _whose(operator: str | None) -> str:
    return f"/v1/operators/{operator}" if operator else "/v1/me"
