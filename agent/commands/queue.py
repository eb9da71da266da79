"""`tasuki session queue list|pick-up|refuse`: customers who wait for whoever is free."""

from typing import Annotated

import typer

from agent.commands.output import JsonOption, ServerOption, print_json, print_table, run, say
from agent.commands.sessions import SessionArgument, call, when

app = typer.Typer(help="Customers who wait for whoever is free.", no_args_is_help=True)


@app.command("list")
def list_(server: ServerOption = None, as_json: JsonOption = False) -> None:
    """Who waits, who came first."""
    answer = run(call(server, "GET", "/v1/queue"))
    if as_json:
        print_json(answer)
        return
    rows = [
        [
            str(one["position"]),
            one["session_id"],
            one["mode"],
            (one.get("customer") or {}).get("name") or "",
            when(one["waiting_since"]),
            "" if one["connected"] else "away",
        ]
        for one in answer["items"]
    ]
    if rows:
        print_table(rows, "#", "Session", "Mode", "Customer", "Since", "")
    else:
        say("Nobody waits.")


@app.command("pick-up")
def pick_up(session: SessionArgument, server: ServerOption = None, as_json: JsonOption = False) -> None:
    """Help who waits. Of two who want the same, one gets it."""
    answer = run(call(server, "POST", f"/v1/sessions/{session}/pick-up"))
    if as_json:
        print_json(answer)
    else:
        say(f"It is yours. Look on with:  tasuki view {session}")


@app.command()
def refuse(
    session: SessionArgument,
    reason: Annotated[str, typer.Option(help="busy, closed, not_for_us or unknown_caller.")] = "busy",
    message: Annotated[str | None, typer.Option(help="What the customer reads instead.")] = None,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send away who waits; they read why, in their language."""
    body = {"reason": reason} | ({"message": message} if message else {})
    answer = run(call(server, "POST", f"/v1/sessions/{session}/refuse", body))
    if as_json:
        print_json(answer)
    else:
        say(f"Session {session} has ended; the customer reads why.")
