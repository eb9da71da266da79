"""`tasuki call`: any operation of the API, as the signed-in operator."""

import json
import sys
from typing import Annotated, Any

import typer

from agent.commands.output import CommandError, JsonOption, ServerOption, print_json, run
from agent.commands.second_step import Asking
from agent.commands.security import fresh
from agent.commands.store import signed_in

METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})


def _fields(fields: list[str]) -> dict[str, Any]:
    """`a=1 b.c=text` as an object; a value that is JSON is taken as JSON."""
    body: dict[str, Any] = {}
    for field in fields:
        path, equals, text = field.partition("=")
        if not (path and equals):
            raise CommandError(f"{field!r} is no field; write name=value")
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        *parents, name = path.split(".")
        place = body
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise CommandError(f"{field!r} has a field inside something that is not an object")
        place[name] = value
    return body


def call(
    method: Annotated[str, typer.Argument(help="GET, POST, PATCH, PUT or DELETE.")],
    path: Annotated[str, typer.Argument(help="Such as /v1/sessions.")],
    fields: Annotated[list[str] | None, typer.Argument(help="name=value; query of a GET, else the JSON body.")] = None,
    server: ServerOption = None,
    as_json: JsonOption = True,  # noqa: ARG001 - it always is; the option is there because every command has it
) -> None:
    """Call any operation of the API and print its JSON."""
    verb, values = method.upper(), _fields(fields or [])
    if verb not in METHODS:
        raise CommandError(f"{method!r} is no method; use one of {', '.join(sorted(METHODS))}")

    async def work() -> dict[str, Any]:
        async with await signed_in(server) as api:
            options = {"params": values} if verb == "GET" else {"json": values}
            sent = options if values or verb == "POST" else {}

            async def act() -> dict[str, Any]:
                return await api.call(verb, "/" + path.lstrip("/"), **sent)

            if not sys.stdin.isatty():
                return await act()
            answer: dict[str, Any] = await fresh(api, act, Asking(from_stdin=False))
            return answer

    print_json(run(work()))
