"""`tasuki customer list|forget|verify`: whom sessions are about, forgetting one for good, and what a proof of it proves."""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from agent.commands.output import CommandError, JsonOption, ServerOption, print_json, print_table, run, say
from agent.commands.second_step import Asking
from agent.commands.security import fresh
from agent.commands.store import signed_in
from wire import tokens

NOT_GENUINE: Final = 6
MAX_FILE_BYTES: Final = 256 * 1024
DASH: Final = "–"

PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password or code, if one is asked for, as a line from stdin.")
]

app = typer.Typer(help="Customers: see them, forget them, check proofs.", no_args_is_help=True)


@app.command("list")
def show(
    email: Annotated[str | None, typer.Option(help="Only the one with this address, whole.")] = None,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """The newest ones, or the one with an address."""

    async def work() -> dict[str, Any]:
        async with await signed_in(server) as api:
            return await api.get("/v1/customers", **({"email": email} if email else {}))

    found = run(work())
    if as_json:
        print_json(found)
        return
    rows = [
        [
            one["id"],
            one["name"] or DASH,
            one["email"] or DASH,
            str(one["sessions"]),
            "forgotten" if one["forgotten"] else "",
        ]
        for one in found["items"]
    ]
    print_table(rows, "id", "name", "e-mail", "sessions", "")


@app.command()
def forget(
    reason: Annotated[str, typer.Option(help="Why: kept in the administrative log.")],
    email: Annotated[str | None, typer.Option(help="The customer with this address.")] = None,
    session: Annotated[str | None, typer.Option(help="The customer of this session.")] = None,
    customer: Annotated[str | None, typer.Option(help="The one with this id.")] = None,
    out: Annotated[Path | None, typer.Option(help="Save the proof here, with the keys to check it by.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")] = False,
    password_stdin: PasswordStdin = False,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make everything that is known about a customer unreadable, for good. For administrators."""
    body = {"email": email, "session_id": session, "customer_id": customer}
    named = {name: value for name, value in body.items() if value}
    if len(named) != 1:
        raise typer.BadParameter("name the customer by one of --email, --session and --customer")
    if not yes:
        typer.confirm(f"Forget {next(iter(named.values()))} for good? It cannot be undone", abort=True, err=True)

    async def work() -> tuple[dict[str, Any], dict[str, Any]]:
        async with await signed_in(server) as api:

            async def act() -> dict[str, Any]:
                return await api.post("/v1/customers/forget", {**named, "reason": reason})

            return await fresh(api, act, Asking(password_stdin)), await api.get("/.well-known/jwks.json")

    gone, jwks = run(work())
    if out is not None:
        try:
            out.write_text(json.dumps({"proof": gone["proof"], "jwks": jwks}, indent=2) + "\n")
        except OSError as error:
            raise CommandError(f"the customer is forgotten, but {out} cannot be written: {error.strerror}") from error
    if as_json:
        print_json(gone)
        return
    say(f"{gone['id']} is forgotten, in {gone['sessions']} sessions.", strong="forgotten")
    say(f"Proof: {out or gone['proof']}")


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A proof as `forget --out` saved it.")],
    jwks: Annotated[
        Path | None, typer.Option(help="The server's keys from elsewhere, instead of those in the file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a proof without any server. Keys from the file itself show only that it is whole: compare the fingerprint."""
    said = _read(file)
    try:
        keys = {str(key["kid"]): key for key in (_read(jwks) if jwks else said["jwks"])["keys"]}
        proven = tokens.verify_document(str(said.get("proof", "")), keys, tokens.DESTRUCTION)
        key = keys[tokens.unverified_key(str(said["proof"])) or ""]
        proven["key_fingerprint"] = tokens.thumbprint(key)
    except (KeyError, TypeError) as error:
        raise CommandError(f"{file} has no proof or no keys", NOT_GENUINE) from error
    except tokens.TokenError as error:
        raise CommandError(f"{file} proves nothing: {error}", NOT_GENUINE) from error
    if as_json:
        print_json(proven)
        return
    say(f"{proven['iss']} destroyed the keys of {proven['subject']} at {proven['destroyed_at']}.")
    say(f"Signed with the key {proven['key_fingerprint']}")


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise CommandError(f"{path} is too large for a proof")
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{path} is no proof: it is not JSON", NOT_GENUINE) from error
    if not isinstance(found, dict):
        raise CommandError(f"{path} is no proof", NOT_GENUINE)
    return found
