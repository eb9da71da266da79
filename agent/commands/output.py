"""How commands speak: rich text for people, JSON for programs, one sentence and an exit code for failures."""

import asyncio
import json
import sys
import unicodedata
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

import typer

from agent.api_client import ApiError, ServerUnreachableError

FAILED: Final = 1
UNREACHABLE: Final = 3
NOT_ALLOWED: Final = 4
REFUSED: Final = 5

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
ServerOption = Annotated[
    str | None,
    typer.Option("--server", envvar="TASUKI_API_URL", help="The server, such as https://support.example.com."),
]


class CommandError(Exception):
    """A failure that was expected: its text is for people, `code` is the exit code."""

    def __init__(self, text: str, code: int = FAILED) -> None:
        super().__init__(text)
        self.code = code


def clean(text: str) -> str:
    """Without what could move the cursor or turn the reading direction: much of what is printed comes from elsewhere."""
    return "".join(char for char in text if char == "\n" or not unicodedata.category(char).startswith("C"))


def say(text: str = "", *, strong: str = "", style: str = "bold") -> None:
    """A line for people, on stdout; `strong` is the part of it to stress."""
    from rich.console import Console  # noqa: PLC0415 - not needed for JSON
    from rich.text import Text  # noqa: PLC0415

    line = Text(clean(text))
    if strong:
        line.highlight_words([clean(strong)], style)
    Console(highlight=False, soft_wrap=True).print(line)


def print_json(value: object) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=None if isinstance(value, str) else 2) + "\n")
    sys.stdout.flush()


def print_event(name: str, **members: object) -> None:
    """One line of a JSON stream (newline-delimited)."""
    sys.stdout.write(json.dumps({"event": name, **members}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_table(rows: list[list[str]], *headings: str) -> None:
    """A table for people."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, no_wrap=True, overflow="ignore")  # an id that is cut cannot be copied
    for row in rows:
        table.add_row(*(Text(clean(cell)) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else 200).print(table, crop=False, soft_wrap=True)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a command's coroutine, on uvloop where there is one (a picture is on its way sooner)."""
    try:
        import uvloop  # noqa: PLC0415 - not on Windows
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


def _fail(text: str, code: int, slug: str = "failed") -> None:
    """The last word of a command: one sentence on stderr, as JSON where JSON was asked for."""
    text = clean(text)
    if "--json" in sys.argv[1:]:
        sys.stderr.write(
            json.dumps({"error": {"slug": slug, "detail": text, "exit_code": code}}, ensure_ascii=False) + "\n"
        )
    else:
        sys.stderr.write(f"tasuki: {text}\n")
    raise SystemExit(code)


def _sentence(error: ApiError) -> str:
    """What the server found wrong, with the names of the fields as people know them."""
    if error.slug == "session-ended":
        return f"this session is over. {error.detail}"
    found = error.body.get("errors")
    if error.status != 422 or not isinstance(found, list):
        return error.detail
    parts = [
        f"{str(one.get('pointer', '')).strip('#/')}: {one.get('detail')}" for one in found if isinstance(one, dict)
    ]
    return "; ".join(parts) + ". Nothing was changed." if parts else error.detail


def run_command(app: Callable[[], Any]) -> None:
    """Call the command line and turn expected failures into exit codes."""
    try:
        app()
    except CommandError as error:
        _fail(str(error), error.code)
    except ServerUnreachableError as error:
        _fail(str(error), UNREACHABLE, "unreachable")
    except ApiError as error:
        if error.status == 401:
            _fail(f"{error.detail} Sign in with: tasuki login", NOT_ALLOWED, error.slug)
        _fail(_sentence(error), NOT_ALLOWED if error.status == 403 else FAILED, error.slug)
    except KeyboardInterrupt:
        _fail("stopped", 130, "stopped")
