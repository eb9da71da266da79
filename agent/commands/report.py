"""`tasuki report sessions|events|sign-ins|usage`: the history, as a table, as JSON or as a CSV file."""

import sys
from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.commands.output import CommandError, JsonOption, ServerOption, print_json, print_table, run, say
from agent.commands.sessions import ReferenceOption, moment, reference_of, when
from agent.commands.store import signed_in

app = typer.Typer(help="The history: sessions, their events, sign-ins, and what was used.", no_args_is_help=True)

From = Annotated[str | None, typer.Option("--from", help="Not before this time, such as 2026-12-01.")]
To = Annotated[str | None, typer.Option("--to", help="Before this time.")]
Operator = Annotated[str | None, typer.Option(help="Only of this operator (opr_…).")]
States = Annotated[list[str] | None, typer.Option("--state", help="Only in this state; may be given several times.")]
ModeOption = Annotated[str | None, typer.Option(help="Only in this mode.")]
Email = Annotated[str | None, typer.Option("--customer-email", help="Only of the customer with this address.")]
Device = Annotated[str | None, typer.Option(help="Only with this device (dev_…).")]
EndedBy = Annotated[str | None, typer.Option(help="Only those ended by operator, customer, administrator or system.")]
Reason = Annotated[str | None, typer.Option(help="Only those that ended for this reason.")]
Limit = Annotated[int, typer.Option(min=0, help="How many rows at most; 0 for all. A CSV file has all.")]
Csv = Annotated[Path | None, typer.Option("--csv", help="Write all of it to this file as CSV; - for stdout.")]
Bom = Annotated[
    bool, typer.Option("--excel", help="Begin the CSV with the mark by which Excel knows that it is UTF-8.")
]
PAGE = 200
PARTIAL = ".part"

Row = dict[str, Any]


def _of_sessions(
    since: str | None,
    until: str | None,
    operator: str | None,
    states: list[str] | None,
    mode: str | None,
    reference: str | None,
    email: str | None,
    device: str | None,
    ended_by: str | None,
    reason: str | None,
) -> Row:
    """The filters as the API takes them; what was not given is left out."""
    named = reference_of(reference) if reference else {}
    given = {
        "from": moment(since) if since else None,
        "to": moment(until) if until else None,
        "operator_id": operator,
        "state": states or None,
        "mode": mode,
        "reference_system": named.get("system"),
        "reference_id": named.get("id"),
        "customer_email": email,
        "device_id": device,
        "ended_by": ended_by,
        "reason": reason,
    }
    return {name: value for name, value in given.items() if value is not None}


@app.command()
def sessions(
    since: From = None,
    until: To = None,
    operator: Operator = None,
    state: States = None,
    mode: ModeOption = None,
    reference: ReferenceOption = None,
    customer_email: Email = None,
    device: Device = None,
    ended_by: EndedBy = None,
    reason: Reason = None,
    limit: Limit = 20,
    csv: Csv = None,
    excel: Bom = False,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who helped whom, when, for how long, from where, and how it ended; newest first."""
    wanted = _of_sessions(since, until, operator, state, mode, reference, customer_email, device, ended_by, reason)

    def shown(row: Row) -> list[str]:
        customer = row["customer"] or {}
        ended = f"{row['ended_by']}: {row['reason']}" if row["ended_by"] else row["state"]
        return [
            row["id"], when(row["created_at"]), row["mode"], (row["operator"] or {}).get("name") or "-",
            customer.get("name") or customer.get("email") or ("(forgotten)" if row["forgotten"] else "-"),
            _minutes(row["seconds"]), _size(row["bytes"]["from_host"]), ended,
        ]  # fmt: skip

    headings = ["Session", "Made", "Mode", "Operator", "Customer", "Lasted", "Picture", "Ended by"]
    _report("sessions", wanted, limit, csv, excel, server, as_json, headings, shown)


@app.command()
def events(
    since: From = None,
    until: To = None,
    session: Annotated[str | None, typer.Option(help="Only of this session (ses_…).")] = None,
    event: Annotated[str | None, typer.Option("--type", help="Only of this type, such as session.ended.")] = None,
    operator: Operator = None,
    state: States = None,
    mode: ModeOption = None,
    reference: ReferenceOption = None,
    customer_email: Email = None,
    device: Device = None,
    ended_by: EndedBy = None,
    reason: Reason = None,
    limit: Limit = 20,
    csv: Csv = None,
    excel: Bom = False,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Everything that happened in sessions, newest first."""
    wanted = _of_sessions(since, until, operator, state, mode, reference, customer_email, device, ended_by, reason)
    wanted |= {name: value for name, value in (("session_id", session), ("event", event)) if value}

    def shown(row: Row) -> list[str]:
        told = ", ".join(f"{name} {value}" for name, value in (row["data"] or {}).items() if isinstance(value, str))
        return [when(row["time"]), row["type"], row["session_id"], (row["operator"] or {}).get("name") or "-", told]

    _report(
        "events", wanted, limit, csv, excel, server, as_json, ["Time", "Event", "Session", "Operator", "What"], shown
    )


@app.command("sign-ins")
def sign_ins(
    since: From = None,
    until: To = None,
    operator: Operator = None,
    outcome: Annotated[
        list[str] | None, typer.Option(help="Only succeeded, failed, locked, refused …; may be given several times.")
    ] = None,
    address: Annotated[str | None, typer.Option(help="Only from this address.")] = None,
    limit: Limit = 20,
    csv: Csv = None,
    excel: Bom = False,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who signed in from where, and who failed; newest first."""
    wanted = _of_sessions(since, until, operator, None, None, None, None, None, None, None)
    wanted |= {name: value for name, value in (("outcome", outcome), ("address", address)) if value}

    def shown(row: Row) -> list[str]:
        who = (row["operator"] or {}).get("name") or row["login"] or "-"
        how = row["why"] or ", ".join(row["methods"])
        return [when(row["time"]), who, row["outcome"], how, row["address"] or "-", (row["user_agent"] or "-")[:50]]

    headings = ["Time", "Who", "Outcome", "How", "Address", "With"]
    _report("sign-ins", wanted, limit, csv, excel, server, as_json, headings, shown)


@app.command()
def usage(
    by: Annotated[
        list[str] | None, typer.Option(help="Add up by day, operator or mode; may be given several times.")
    ] = None,
    utc_offset: Annotated[str | None, typer.Option(help="Where days begin, such as +09:00.")] = None,
    since: From = None,
    until: To = None,
    operator: Operator = None,
    state: States = None,
    mode: ModeOption = None,
    reference: ReferenceOption = None,
    customer_email: Email = None,
    device: Device = None,
    ended_by: EndedBy = None,
    reason: Reason = None,
    csv: Csv = None,
    excel: Bom = False,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sessions, minutes and bytes, added up: what a bill is made from."""
    wanted = _of_sessions(since, until, operator, state, mode, reference, customer_email, device, ended_by, reason)
    wanted |= {name: value for name, value in (("by", by), ("utc_offset", utc_offset)) if value}
    if csv is not None:
        run(_to_file("usage", wanted, csv, excel, server))
        return

    async def work() -> Row:
        async with await signed_in(server) as api:
            return await api.call("GET", "/v1/reports/usage", params=wanted)

    found = run(work())
    if as_json:
        print_json(found)
        return
    asked: list[str] = [name for name in ("day", "operator", "mode") if name in (by or [])]
    rows: list[list[str]] = [[*_keys(row, asked), *_sums(row)] for row in found["rows"]]
    total = [["All", "", ""][: len(asked)] + _sums(found["total"])] if len(rows) != 1 else []
    print_table(rows + total, *(name.title() for name in asked), "Sessions", "Minutes", "Picture", "Input")


def _keys(row: Row, asked: list[str]) -> list[str]:
    """The cells that a row was added up by; a name instead of an operator's id."""
    words = {"day": row["day"], "operator": (row["operator"] or {}).get("name"), "mode": row["mode"]}
    return [str(words[name] or "") for name in asked]


def _sums(row: Row) -> list[str]:
    moved = [_size(row["bytes_from_host"]), _size(row["bytes_from_viewers"])]
    return [str(row["sessions"]), str(row["minutes"]), *moved]


def _report(
    name: str,
    wanted: Row,
    limit: int,
    csv: Path | None,
    excel: bool,
    server: str | None,
    as_json: bool,
    headings: list[str],
    shown: Any,
) -> None:
    """One report in the form that was asked for."""
    if csv is not None:
        run(_to_file(name, wanted, csv, excel, server))
        return
    rows = run(_pages(name, wanted, limit, server))
    if as_json:
        print_json({"items": rows})
    elif rows:
        print_table([shown(row) for row in rows], *headings)
    else:
        say("There is nothing like that in the history.")


async def _pages(name: str, wanted: Row, limit: int, server: str | None) -> list[Row]:
    rows: list[Row] = []
    cursor: Row = {}
    async with await signed_in(server) as api:
        with _progress() as told:
            while not limit or len(rows) < limit:
                size = min(PAGE, limit - len(rows)) if limit else PAGE
                page = await api.call("GET", f"/v1/reports/{name}", params={"limit": size, **wanted, **cursor})
                rows += page["items"]
                told(len(rows))
                if page["next_cursor"] is None:
                    break
                cursor = {"cursor": page["next_cursor"]}
    return rows


async def _to_file(name: str, wanted: Row, path: Path, excel: bool, server: str | None) -> None:
    """Under another name until it is whole: a report that was cut off is never taken for one."""
    async with await signed_in(server) as api:
        parts = api.stream(f"/v1/reports/{name}", format="csv", bom=excel, **wanted)
        if str(path) == "-":
            await _write(parts, sys.stdout.buffer)
            return
        partial = path.with_name(path.name + PARTIAL)
        try:
            with partial.open("wb") as file:
                lines = await _write(parts, file)
            partial.replace(path)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}") from error
        finally:
            partial.unlink(missing_ok=True)
    say(f"{max(lines - 1, 0)} rows in {path}")


async def _write(parts: AsyncIterator[bytes], file: Any) -> int:
    lines, open_end = 0, b""  # the network cuts anywhere, between the two bytes of a line's end as well
    with _progress() as told:
        async for part in parts:
            file.write(part)
            lines += (open_end + part).count(b"\r\n")
            open_end = b"\r" if part.endswith(b"\r") else b""
            told(lines)
    file.flush()
    return lines


def _progress() -> Any:
    """Says how far it is, on a terminal; a few rows come too soon to be worth it."""
    if not sys.stderr.isatty():
        return nullcontext(lambda _lines: None)
    return _Told()


class _Told:
    """A line on stderr that is written anew."""

    def __enter__(self) -> Any:
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        columns = SpinnerColumn(), TextColumn("{task.completed} rows"), TimeElapsedColumn()
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        task = self._bar.add_task("", total=None)
        self._bar.start()
        return lambda lines: self._bar.update(task, completed=lines)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def _minutes(seconds: int | None) -> str:
    return "-" if seconds is None else f"{seconds // 60}:{seconds % 60:02}"


def _size(count: float) -> str:
    if count < 1000:
        return f"{count} B"
    for unit in ("kB", "MB"):
        count /= 1000
        if count < 1000:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} GB"
