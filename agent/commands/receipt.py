"""`tasuki receipt show|verify`: what a session's receipt says, and what a file proves without any server."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from agent.commands.output import CommandError, JsonOption, ServerOption, print_json, run, say
from agent.commands.sessions import SessionArgument
from agent.commands.store import signed_in
from agent.receipt import Fetched, told, write
from texts import language_from_env, translate
from texts.receipt import Words
from texts.receipt_page import file_in
from wire import receipt
from wire.limits import MAX_RECEIPT_BYTES
from wire.receipt import Proven, ReceiptChanged, ReceiptError, ReceiptKeyWrong, ReceiptMalformed

NOT_GENUINE: Final = 6
NOT_COMPARED: Final = 7
MAX_FILE_BYTES: Final = 4 * MAX_RECEIPT_BYTES
"""A page holds the receipt in base64, and itself."""

app = typer.Typer(help="Receipts of sessions: see them, and check them offline.", no_args_is_help=True)
_FINGERPRINT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@app.command()
def show(
    session: SessionArgument,
    out: Annotated[
        Path | None, typer.Option(help="Save it here as well: a file (.json or .html), or a folder for both.")
    ] = None,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """The receipt of a session: who was there, what was allowed and when, how it ended."""

    async def work() -> dict[str, Any]:
        async with await signed_in(server) as api:
            return await api.get(f"/v1/sessions/{session}/receipt")

    answer = run(work())
    file = receipt.dump(answer)
    try:
        proven = receipt.verify(file)
    except ReceiptError as error:
        raise CommandError(f"the server's receipt does not hold: {error}", NOT_GENUINE) from error
    try:
        saved = write(Fetched(proven, file), out, language_from_env()) if out is not None else []
    except OSError as error:
        raise CommandError(f"the receipt cannot be saved as {out}: {error.strerror}") from error
    if as_json:
        print_json(answer)
        return
    _print(proven)
    if saved:
        say(told(saved, language_from_env()))


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="The file, or the page that was saved.")],
    key: Annotated[
        str | None,
        typer.Option(help="The server's key, from elsewhere than the file: its fingerprint, or a JWKS file."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a receipt without any server, and say what is proven.

    Exit codes: 0 whole, and signed with the key you named; 6 changed, not genuine, or signed with another key; 7 whole, but
    you named no key to compare; 1 the file cannot be read.
    """
    lang = language_from_env()
    data = _read(file)
    try:
        proven = receipt.verify(data, None if key is None else _pins(key))
    except ReceiptError as error:
        _refuse(error, lang, as_json=as_json)
        raise typer.Exit(NOT_GENUINE) from error
    code = 0 if proven.pinned else NOT_COMPARED
    if as_json:
        found = {"whole": True, "key_compared": proven.pinned, "fingerprint": proven.fingerprint}
        print_json(found | {"receipt": proven.receipt})
    else:
        _print(proven)
        words = Words(proven.receipt, lang)
        say("")
        say(words.say("proof.whole"), strong=words.say("proof.whole"), style="bold green")
        said = words.say(
            "proof.pinned" if proven.pinned else "proof.unpinned",
            fingerprint=proven.fingerprint,
            server=proven.receipt["issuer"],
        )
        say(said, strong="" if proven.pinned else said, style="yellow")
        for line in words.whose_word():
            say(line)
    if code:
        raise typer.Exit(code)


def _refuse(error: ReceiptError, lang: str, *, as_json: bool) -> None:
    """What is wrong, and where it was changed."""
    fields = list(error.fields) if isinstance(error, ReceiptChanged) else []
    if as_json:
        print_json(
            {"whole": isinstance(error, ReceiptKeyWrong), "slug": error.slug, "detail": str(error), "fields": fields}
        )
        return
    if fields:
        said = translate("receipt.proof.changed", lang, fields=", ".join(fields))
    elif isinstance(error, ReceiptKeyWrong):
        said = translate("receipt.proof.key", lang, fingerprint=error.fingerprint)
    elif isinstance(error, ReceiptMalformed):
        said = translate("receipt.proof.malformed", lang, why=error)
    else:
        said = translate("receipt.proof.forged", lang, why=error)
    say(said, strong=said, style="bold red")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as source:
            data = source.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > MAX_FILE_BYTES:
        raise CommandError(f"{path} is too large for a receipt", NOT_GENUINE)
    return file_in(data) or data


def _pins(key: str) -> frozenset[str]:
    """Of a fingerprint, or of the keys in a file."""
    path = Path(key)
    if not path.is_file():
        if _FINGERPRINT.fullmatch(key):
            return frozenset({key})
        raise CommandError("--key is a fingerprint of 43 letters, or a file with the server's key set (JWKS)")
    try:
        return receipt.fingerprints(json.loads(path.read_bytes()))
    except (OSError, ValueError, ReceiptError) as error:
        raise CommandError(f"{key} holds no key set (JWKS) as /.well-known/jwks.json gives it") from error


def _print(proven: Proven) -> None:
    """The receipt in words, in this machine's time."""
    zone = datetime.fromisoformat(proven.receipt["server"]["ended_at"]).astimezone().tzinfo
    assert zone is not None
    words = Words(proven.receipt, language_from_env(), zone)
    title = words.say("title")
    say(f"\n{title}  {words.zone_name()}", strong=title)
    say(words.lead())
    say("")
    _table(words.rows())
    heading = words.say("allowed.title")
    say(f"\n{heading}", strong=heading)
    for one in words.allowed():
        say(f"  {one.name}: {one.what}  {', '.join(one.times)}")
    if paused := words.pauses():
        say(f"  {paused.what}  {', '.join(paused.times)}")
    for line in words.remarks():
        say(f"  {line}")
    heading = words.say("people.title")
    say(f"\n{heading}", strong=heading)
    _table(words.people())
    heading = words.say("files.title")
    say(f"\n{heading}", strong=heading)
    for line in words.files() or [words.say("files.none")]:
        say(f"  {line}")


def _table(rows: list[tuple[str, str]]) -> None:
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        say(f"  {name:<{width}}  {value}")
