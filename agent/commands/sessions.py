"""`tasuki session create|list|show|end`."""

from datetime import datetime
from typing import Annotated, Any

import typer

from agent.commands.output import CommandError, JsonOption, ServerOption, print_json, print_table, run, say
from agent.commands.store import SessionSecrets, encode_link_secret, new_link_secret, signed_in

app = typer.Typer(help="Make, list, show and end sessions.", no_args_is_help=True)
SessionArgument = Annotated[str, typer.Argument(help="The session's id (ses_…).")]


def _when(text: str) -> str:
    """An API time as people read it, in their own time zone."""
    return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M}"


def grouped(code: str) -> str:
    """A code as people read it out."""
    return " ".join(code[at : at + 4] for at in range(0, len(code), 4))


def customer_of(name: str | None, email: str | None) -> dict[str, str] | None:
    """The `customer` of a new session; None when nothing is known."""
    value = {key: text for key, text in (("name", name), ("email", email)) if text}
    return value or None


@app.command()
def create(
    mode: Annotated[str, typer.Option(help="What you ask for: manage, control, view, share or present.")] = "control",
    customer_name: Annotated[str | None, typer.Option(help="Whom you help.")] = None,
    customer_email: Annotated[str | None, typer.Option(help="Their e-mail address.")] = None,
    reference: Annotated[str | None, typer.Option(help="The ticket it belongs to, as system:id.")] = None,
    purpose: Annotated[
        str | None, typer.Option(help="Why there is help, where your organisation wants to know.")
    ] = None,
    feature: Annotated[
        list[str] | None, typer.Option(help="What you want beside the screen, e.g. chat; may be given several times.")
    ] = None,
    expires_in: Annotated[int | None, typer.Option(help="How long the code is good, in seconds.")] = None,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a session and show its code."""
    body: dict[str, Any] = {"mode": mode}
    if customer := customer_of(customer_name, customer_email):
        body["customer"] = customer
    if reference is not None:
        system, colon, number = reference.partition(":")
        if not (system and colon and number):
            raise CommandError("a reference looks like zendesk:4711")
        body["reference"] = {"system": system, "id": number}
    if purpose is not None:
        body["purpose"] = purpose
    if feature:
        body["features"] = feature
    if expires_in is not None:
        body["expires_in"] = expires_in

    async def work() -> dict[str, Any]:
        async with await signed_in(server) as api:
            return await api.post("/v1/sessions", body)

    session = run(work())
    secret = new_link_secret()
    SessionSecrets(session["id"]).put("link", secret)
    session["link"] = f"{session['join_url']}#k={encode_link_secret(secret)}"
    if as_json:
        print_json(session)
        return
    code = grouped(session["code"])
    say(f"\n  Code   {code}   (good until {_when(session['code_expires_at'])})", strong=code)
    say(f"  Link   {session['link']}")
    say(f"\nThe customer runs:  tasuki join {session['code']} --server {session['join_url'].split('/join/')[0]}")
    say(f"Then look on with:  tasuki view {session['id']}\n")


@app.command("list")
def list_(
    state: Annotated[str | None, typer.Option(help="Only sessions in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """The newest sessions."""

    async def work() -> dict[str, Any]:
        async with await signed_in(server) as api:
            options: dict[str, str | int] = {"limit": limit} | ({"state": state} if state else {})
            return await api.get("/v1/sessions", **options)

    page = run(work())
    if as_json:
        print_json(page)
        return
    rows = [
        [
            s["id"],
            s["state"],
            s["mode"],
            s["operator"]["name"],
            (s.get("customer") or {}).get("name") or "",
            _when(s["created_at"]),
        ]
        for s in page["items"]
    ]
    if rows:
        print_table(rows, "Session", "State", "Mode", "Operator", "Customer", "Made")
    else:
        say("No sessions yet. Make one with: tasuki session create")


def _show(session: dict[str, Any]) -> None:
    lines = [("Session", session["id"]), ("State", session["state"]), ("Mode", session["mode"])]
    lines += [("Operator", session["operator"]["name"]), ("Made", _when(session["created_at"]))]
    if session.get("code"):
        lines.append(("Code", grouped(session["code"])))
    if session["state"] == "ended":
        lines.append(("Ended", f"by the {session.get('ended_by')}: {session.get('reason')}"))
    for name, value in lines:
        say(f"  {name:<9} {value}")


@app.command()
def show(session: SessionArgument, server: ServerOption = None, as_json: JsonOption = False) -> None:
    """One session."""

    async def work() -> dict[str, Any]:
        async with await signed_in(server) as api:
            return await api.get(f"/v1/sessions/{session}")

    answer = run(work())
    if as_json:
        print_json(answer)
    else:
        _show(answer)


@app.command()
def end(
    session: SessionArgument,
    reason: Annotated[str | None, typer.Option(help="Why; both sides see it.")] = None,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a session at once, for both sides."""

    async def work() -> dict[str, Any]:
        async with await signed_in(server) as api:
            return await api.post(f"/v1/sessions/{session}/end", {"reason": reason} if reason else {})

    answer = run(work())
    SessionSecrets(session).forget()
    if as_json:
        print_json(answer)
    else:
        say(f"Session {session} has ended.")
