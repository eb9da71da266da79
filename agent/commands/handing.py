"""`tasuki session invite|transfer|guest|note`: other people in a session, and what is written down about it."""

from typing import Annotated, Any

import typer

from agent.commands.output import CommandError, JsonOption, ServerOption, print_json, run, say
from agent.commands.sessions import SessionArgument, call, helper_of, when
from agent.commands.store import SessionSecrets, signed_in

OperatorArgument = Annotated[str, typer.Argument(help="The operator: id (opr_…) or name.")]


async def _colleague(server: str | None, session: str, wanted: str) -> str:
    """The id of who is meant; CommandError when it is nobody or could be several."""
    if wanted.startswith("opr_"):
        return wanted
    found, cursor = [], ""
    async with await signed_in(server) as api:
        while True:
            page = await api.get(f"/v1/sessions/{session}/colleagues", **({"cursor": cursor} if cursor else {}))
            found += [one["operator_id"] for one in page["items"] if one["name"].casefold() == wanted.casefold()]
            cursor = page["next_cursor"]
            if not cursor:
                break
    if len(found) != 1:
        raise CommandError(f"{len(found) or 'no'} colleagues are called {wanted!r}; give the id (opr_…)")
    return str(found[0])


def invite(
    session: SessionArgument,
    email: Annotated[str | None, typer.Option(help="Where to; the customer's own address when left out.")] = None,
    language: Annotated[str | None, typer.Option(help="en or ja.")] = None,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send the customer the link by mail."""
    body = {name: value for name, value in (("email", email), ("language", language)) if value}
    answer = run(call(server, "POST", f"/v1/sessions/{session}/invite", body))
    if as_json:
        print_json(answer)
    elif answer["sent"]:
        say(f"The link is on its way to {answer['email']}.")
    else:
        say(f"Nothing was sent; this is the link:\n  {answer['join_url']}")


def transfer(
    session: SessionArgument,
    operator: OperatorArgument,
    note: Annotated[str | None, typer.Option(help="What they should know.")] = None,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand a session over. You are out of it at once; the customer is asked before anybody else sees anything."""

    async def work() -> dict[str, Any]:
        body = {"operator_id": await _colleague(server, session, operator)} | ({"note": note} if note else {})
        return await call(server, "POST", f"/v1/sessions/{session}/transfer", body)

    answer = run(work())
    SessionSecrets(session).forget()
    if as_json:
        print_json(answer)
    else:
        say(f"{helper_of(answer)} has the session now.")


def guest(
    session: SessionArgument,
    operator: OperatorArgument,
    mode: Annotated[str | None, typer.Option(help="What they may do at most, such as view.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Send them out instead.")] = False,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask another operator to join, or send one out."""

    async def work() -> dict[str, Any]:
        who = await _colleague(server, session, operator)
        if remove:
            return await call(server, "DELETE", f"/v1/sessions/{session}/guests/{who}")
        return await call(
            server, "POST", f"/v1/sessions/{session}/guests", {"operator_id": who} | ({"mode": mode} if mode else {})
        )

    answer = run(work())
    if as_json:
        print_json(answer)
    elif remove:
        say("They are out.")
    else:
        say(f"{answer['name']} may join ({answer['mode']}):  tasuki view {session}")


def note(
    session: SessionArgument,
    text: Annotated[str | None, typer.Argument(help="What to write down.")] = None,
    closing_reason: Annotated[str | None, typer.Option(help="How it went, such as solved.")] = None,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write something down about a session, during it or afterwards."""
    body = {name: value for name, value in (("note", text), ("closing_reason", closing_reason)) if value}
    if not body:
        raise CommandError("what is to be written down? Give a text or --closing-reason.")
    answer = run(call(server, "PATCH", f"/v1/sessions/{session}", body))
    if as_json:
        print_json(answer)
        return
    for one in answer["notes"]:
        say(f"  {when(one['created_at'])}  {one['author_name']}: {one['text']}")
