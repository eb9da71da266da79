"""`tasuki audit export|verify`: the administrative log as a file, and what that file proves without any server."""

import email
import email.policy
import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from email.message import EmailMessage
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import typer

from agent.commands.output import CommandError, JsonOption, ServerOption, print_json, run, say
from agent.commands.store import signed_in
from texts import language_from_env, translate
from wire import receipt
from wire.receipt import ReceiptError
from wire.tokens import TokenError
from wire.trail.findings import Fault, Verdict
from wire.trail.form import MAX_ROW_BYTES, TrailError
from wire.trail.signed import Checkpoint
from wire.trail.verifier import Verifier

CHANGED: Final = 6
NOT_COMPARED: Final = 7
SHOWN: Final = 20
"""Faults that are printed; all of them with --json."""
MAX_WITNESS_BYTES: Final = 1 << 20
PARTIAL: Final = ".part"

app = typer.Typer(
    help="The administrative log: save it, and check offline that nobody changed it.", no_args_is_help=True
)
_FINGERPRINT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_SIGNED = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="The file to write (JSON, one object to a line).")],
    server: ServerOption = None,
) -> None:
    """Save the whole log with what proves it: lines, checkpoints, and what was signed when older lines were deleted."""
    run(_export(out, server))


async def _export(out: Path, server: str | None) -> None:
    """Under another name until it is whole."""
    partial = out.with_name(out.name + PARTIAL)
    async with await signed_in(server) as api:
        try:
            last = b""
            with partial.open("wb") as file:
                async for part in api.stream("/v1/audit-events/export"):
                    file.write(part)
                    last = (last + part)[-100:]
            if b'\n{"end":' not in b"\n" + last:
                raise CommandError("old lines were deleted meanwhile, so the export is not whole; run this again")
            partial.replace(out)
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}") from error
        finally:
            partial.unlink(missing_ok=True)
    say(translate("audit.saved", language_from_env(), path=out))


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="What `tasuki audit export` wrote.")],
    witness: Annotated[
        list[str] | None,
        typer.Option(
            help="A checkpoint from elsewhere: itself, or a file with it (the mail, too); may be given several times."
        ),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            help="The server's key, from elsewhere: its fingerprint, or a JWKS file; may be given several times."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a log without any server: names the line that was edited, removed, added or moved, or the range it is in.

    Exit codes: 0 nothing was changed, and a witness or a key you named agrees; 6 something was changed; 7 the file is whole in
    itself, but you gave nothing to compare it with, or not all of it could be shown; 1 the file cannot be read.
    """
    witnesses = [signed for given in witness or [] for signed in _checkpoints(given)]
    pinned = frozenset(one for given in key or [] for one in _pins(given)) if key else None
    verifier = Verifier(witnesses, pinned)
    try:
        with file.open("rb") as source:
            for line in _lines(source):
                verifier.feed(line)
        verdict = verifier.finish()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from error
    except TrailError as error:
        raise CommandError(f"{file}: {error}") from error
    code = _code(verdict, compared=bool(witnesses or pinned))
    if as_json:
        print_json(
            asdict(verdict) | {"unproven": verdict.unproven, "whole": not verdict.fault_count, "exit_code": code}
        )
    else:
        for text, style in _told(verdict, compared=bool(witnesses), pinned=pinned is not None):
            say(text, strong=text if style else "", style=style or "bold")
    if code:
        raise typer.Exit(code)


def _code(verdict: Verdict, *, compared: bool) -> int:
    if verdict.fault_count:
        return CHANGED
    return NOT_COMPARED if not compared or verdict.unproven else 0


def _lines(source: BinaryIO) -> Iterator[bytes]:
    """One by one; a line beyond every measure comes in pieces, which are nothing that an export writes."""
    while line := source.readline(MAX_ROW_BYTES):
        yield line


def _text(key: str, **values: object) -> str:
    return translate(f"audit.{key}", language_from_env(), **values)


def _told(verdict: Verdict, *, compared: bool, pinned: bool) -> Iterator[tuple[str, str]]:
    """Sentences for people, with a style where it is the result: what is in the file, what is wrong, what is proven."""
    name = verdict.organization.get("name", verdict.organization.get("id", ""))
    yield _text("about", name=name, server=verdict.issuer, lines=verdict.lines, size=verdict.size), ""
    if verdict.start:
        yield _text("pruned", start=verdict.start), ""
    if verdict.without_details:
        yield _text("without_details", lines=verdict.without_details), ""
    if verdict.clock_went_back:
        yield _text("clock", lines=verdict.clock_went_back), ""
    for fingerprint, size in verdict.keys.items():
        yield _text("key", fingerprint=fingerprint, size=size), ""
    if verdict.fault_count:
        yield _text("changed", count=verdict.fault_count), "bold red"
        for fault in verdict.faults[:SHOWN]:
            yield f"  {_where(fault)}{fault.text}", ""
        if verdict.fault_count > SHOWN:
            yield _text("more", count=verdict.fault_count - SHOWN), ""
    else:
        yield _text("whole", time=verdict.signed_at or "-"), "bold green"
    yield from _compared(verdict)
    if not compared:
        yield _text("no_witness" if pinned else "nothing_compared"), "yellow"


def _compared(verdict: Verdict) -> Iterator[tuple[str, str]]:
    """With what came from elsewhere."""
    for one in verdict.witnesses:
        agrees = "witness.agrees_signed" if verdict.fault_count else "witness.agrees"
        said = {True: agrees, False: "witness.differs", None: "witness.unknown"}[one.agrees]
        yield _text(said, size=one.size, time=one.time), "yellow" if one.agrees is None else ""
    if verdict.pinned_to is not None and verdict.pinned_to < verdict.size:
        yield _text("pinned_to", size=verdict.pinned_to), "yellow"
    if not verdict.start_vouched:
        yield _text("start_unvouched", start=verdict.start), "yellow"


def _where(fault: Fault) -> str:
    place = "" if fault.position is None else f"{fault.position}"
    if fault.until is not None and fault.position is not None and fault.until > fault.position + 1:
        place += f"-{fault.until - 1}"
    parts = [part for part in (fault.kind.value, place, fault.id) if part]
    return f"{' '.join(parts)}: "


def _checkpoints(given: str) -> list[str]:
    """The checkpoints in what was given: pasted, or in a file of any kind that people keep them in."""
    try:
        with Path(given).open("rb") as file:
            data = file.read(MAX_WITNESS_BYTES)
    except (OSError, ValueError):  # no file, or no name of one
        data = given.encode()
    found = []
    for text in _texts(data):
        for signed in _SIGNED.findall(text):
            try:
                Checkpoint.unverified(signed)
            except TokenError:
                continue
            found.append(signed)
    if not found:
        raise CommandError("--witness is a checkpoint (eyJ…), or a file that has one; copy it whole")
    return list(dict.fromkeys(found))


def _texts(data: bytes) -> Iterator[str]:
    """As it stands, with line breaks taken out, and as a mail."""
    plain = data.decode(errors="replace")
    yield plain
    yield re.sub(r"\s+", "", plain)
    mail = email.message_from_bytes(data, policy=email.policy.default)
    part = mail.get_body(("plain", "html")) if isinstance(mail, EmailMessage) and mail.keys() else None
    if part is not None:
        yield str(part.get_content())


def _pins(key: str) -> frozenset[str]:
    """Of a fingerprint, or of the keys in a file."""
    if _FINGERPRINT.fullmatch(key):
        return frozenset({key})
    try:
        found: Any = json.loads(Path(key).read_bytes())
        return receipt.fingerprints(found)
    except (OSError, ValueError, ReceiptError) as error:
        raise CommandError(
            "--key is a fingerprint of 43 letters, or a file with the key set (JWKS) that /.well-known/jwks.json gives"
        ) from error
