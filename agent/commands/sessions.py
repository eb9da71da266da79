"""`tasuki session create|list|show|end`; the other commands of `session` are in handing.py and queue.py."""

from datetime import datetime
from typing import Annotated, Any

import typer

from agent.commands.output import CommandError, JsonOption, ServerOption, print_json, print_table, run, say
from agent.commands.store import SessionSecrets, encode_link_secret, new_link_secret, signed_in
from agent.commands.view import ended

app = typer.Typer(help="Make, list, show, hand over and end sessions.", no_args_is_help=True)
SessionArgument = Annotated[str, typer.Argument(help="The session's id (ses_…).")]
ReferenceOption = Annotated[str | None, typer.Option(help="The ticket it belongs to, as system:id.")]


def when(text: str) -> str:
    """An API time as people read it, in their own time zone."""
    return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M}"


def grouped(code: str) -> str:
    """A code as people read it out."""
    return " ".join(code[at : at + 4] for at in range(0, len(code), 4))


def reference_of(text: str) -> dict[str, str]:
    """`system:id` as the API takes it; CommandError when it is something else."""
    system, colon, number = text.partition(":")
    if not (system and colon and number):
        raise CommandError("a reference looks like zendesk:4711")
    return {"system": system, "id": number}


def helper_of(session: dict[str, Any]) -> str:
    """Who helps, or that nobody does yet."""
    operator = session.get("operator")
    return operator["name"] if operator else "(queue)"


async def call(server: str | None, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """One call as the signed-in operator."""
    async with await signed_in(server) as api:
        return await (api.get(path) if method == "GET" else api.call(method, path, json=body or {}))


def customer_of(name: str | None, email: str | None) -> dict[str, str] | None:
    """The `customer` of a new session; None when nothing is known."""
    value = {key: text for key, text in (("name", name), ("email", email)) if text}
    return value or None


@app.command()
def create(
    mode: Annotated[str, typer.Option(help="What you ask for: manage, control, view, share or present.")] = "control",
    customer_name: Annotated[str | None, typer.Option(help="Whom you help.")] = None,
    customer_email: Annotated[str | None, typer.Option(help="Their e-mail address.")] = None,
    reference: ReferenceOption = None,
    queue: Annotated[bool, typer.Option("--queue", help="For whoever is free, instead of for you.")] = False,
    language: Annotated[str | None, typer.Option(help="The customer's: en or ja.")] = None,
    purpose: Annotated[
        str | None, typer.Option(help="Why there is help, where your organisation wants to know.")
    ] = None,
    feature: Annotated[
        list[str] | None, typer.Option(help="What you want beside the screen, e.g. chat; may be given several times.")
    ] = None,
    starts_at: Annotated[
        str | None, typer.Option(help="For an appointment: from when the code works, such as 2026-12-01T09:00+09:00.")
    ] = None,
    expires_in: Annotated[int | None, typer.Option(help="How long the code is good, in seconds.")] = None,
    digits: Annotated[int | None, typer.Option(min=6, max=12, help="How many digits the code has at least.")] = None,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a session and show its code."""
    body: dict[str, Any] = {"mode": mode}
    if customer := customer_of(customer_name, customer_email):
        body["customer"] = customer
    if reference is not None:
        body["reference"] = reference_of(reference)
    if queue:
        body["queue"] = True
    if starts_at is not None:
        body["starts_at"] = moment(starts_at)
    given = {"expires_in": expires_in, "code_digits": digits, "language": language}
    body |= {name: value for name, value in given.items() if value is not None}
    if purpose is not None:
        body["purpose"] = purpose
    if feature:
        body["features"] = feature

    session = run(call(server, "POST", "/v1/sessions", body))
    session["link"] = session["join_url"]
    if not queue:  # whoever picks it up does not have the secret: there the digits are compared
        secret = new_link_secret()
        SessionSecrets(session["id"]).put("link", secret)
        session["link"] += f"#k={encode_link_secret(secret)}"
    if as_json:
        print_json(session)
        return
    code = grouped(session["code"])
    begins = f"from {when(session['starts_at'])} " if session.get("starts_at") else ""
    say(f"\n  Code   {code}   (good {begins}until {when(session['code_expires_at'])})", strong=code)
    say(f"  Link   {session['link']}")
    say(f"\nThe customer runs:  tasuki join {session['code']} --server {session['join_url'].split('/join/')[0]}")
    first = f"tasuki session queue pick-up {session['id']} && " if queue else ""
    say(f"Then look on with:  {first}tasuki view {session['id']}\n")


def moment(text: str) -> str:
    """A time as the API takes it; without a zone it is meant in that of this machine."""
    try:
        return datetime.fromisoformat(text).astimezone().isoformat()
    except ValueError as error:
        raise CommandError(f"{text!r} is no time; write it like 2026-12-01T09:00") from error


@app.command("list")
def list_(
    state: Annotated[str | None, typer.Option(help="Only sessions in this state.")] = None,
    mode: Annotated[str | None, typer.Option(help="Only in this mode.")] = None,
    operator: Annotated[str | None, typer.Option(help="Only of this operator (opr_…).")] = None,
    reference: ReferenceOption = None,
    customer_email: Annotated[str | None, typer.Option(help="Only of the customer with this address.")] = None,
    made_from: Annotated[str | None, typer.Option(help="Only those made then or later.")] = None,
    made_to: Annotated[str | None, typer.Option(help="Only those made before.")] = None,
    text: Annotated[str | None, typer.Option("--search", help="A piece of text in the reference or a note.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """The newest sessions."""
    where = {"reference_" + name: value for name, value in (reference_of(reference) if reference else {}).items()}
    given = {
        "state": state,
        "mode": mode,
        "operator_id": operator,
        "customer_email": customer_email,
        "created_from": moment(made_from) if made_from else None,
        "created_to": moment(made_to) if made_to else None,
        "q": text,
        **where,
    }

    async def work() -> dict[str, Any]:
        async with await signed_in(server) as api:
            options = {name: value for name, value in given.items() if value is not None}
            return await api.get("/v1/sessions", limit=limit, **options)

    page = run(work())
    if as_json:
        print_json(page)
        return
    rows = [
        [
            s["id"],
            s["state"],
            s["mode"],
            helper_of(s),
            (s.get("customer") or {}).get("name") or "",
            when(s["created_at"]),
        ]
        for s in page["items"]
    ]
    if rows:
        print_table(rows, "Session", "State", "Mode", "Operator", "Customer", "Made")
    else:
        say("No such sessions. Make one with: tasuki session create")


def _show(session: dict[str, Any]) -> None:
    lines = [("Session", session["id"]), ("State", session["state"]), ("Mode", session["mode"])]
    lines += [("Operator", helper_of(session)), ("Made", when(session["created_at"]))]
    if session.get("code"):
        lines.append(("Code", grouped(session["code"])))
    if session["state"] == "ended":
        lines.append(("Ended", ended(str(session.get("ended_by")), str(session.get("reason"))).removeprefix("Ended ")))
    if reference := session.get("reference"):
        lines.append(("Ticket", f"{reference['system']}:{reference['id']}"))
    lines += [("Note", f"{note['author_name']}: {note['text']}") for note in session.get("notes", [])]
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
