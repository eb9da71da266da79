"""`tasuki join`: the customer's command."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qs, urlsplit

import typer

from agent.api_client import ApiClient, ApiError
from agent.commands.output import FAILED, REFUSED, CommandError, JsonOption, ServerOption, print_event, run, say
from agent.commands.store import decode_link_secret
from agent.host.ui.question import server_name
from texts import language_from_env, translate

if TYPE_CHECKING:
    from agent.host.capture import Screen
    from agent.host.events import Ended
    from agent.host.input import Injector
    from agent.host.ui import CustomerInterface

CODE_DIGITS = range(6, 13)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the customer typed or clicked: a code, and from a link the server and perhaps its secret."""

    code: str
    server: str | None = None
    secret: bytes | None = None


def _refusal(key: str, lang: str, *, code: int = FAILED, **values: object) -> CommandError:
    """What stops a join, in the customer's language."""
    return CommandError(translate(f"cli.join.{key}", lang, **values), code)


def parse_invitation(text: str, lang: str = "en") -> Invitation:
    """A code as people write it (spaces and dashes are fine), or a join link. Raises CommandError."""
    if "://" in text:
        return _parse_link(text, lang)
    code = "".join(char for char in text if char not in " -\u3000")
    if not (code.isascii() and code.isdigit() and len(code) in CODE_DIGITS):
        raise _refusal("bad_code", lang, typed=repr(text))
    return Invitation(code)


def _parse_link(text: str, lang: str) -> Invitation:
    try:
        parts = urlsplit(text)
        server_name(text)
    except ValueError:
        raise _refusal("bad_link", lang, typed=repr(text)) from None
    head, slash, code = parts.path.rstrip("/").rpartition("/join/")
    if parts.scheme not in {"http", "https"} or not slash or parts.username is not None or parts.password is not None:
        raise _refusal("bad_link", lang, typed=repr(text))
    found = parse_invitation(code, lang)
    key = parse_qs(parts.fragment).get("k")
    return Invitation(found.code, f"{parts.scheme}://{parts.netloc}{head}", decode_link_secret(key[0]) if key else None)


def _server(asked: Invitation, given: str | None, lang: str) -> str:
    """The server's address; refuses one that is not the one asked for."""
    if asked.server and given and server_name(asked.server) != server_name(_with_scheme(given)):
        raise _refusal("two_servers", lang, link=server_name(asked.server), given=given)
    return checked_server(asked.server or given, lang)


def checked_server(given: str | None, lang: str) -> str:
    """A server's address, asked for when there is none; CommandError for one that a stranger on the way could read."""
    address = _with_scheme(given or str(typer.prompt(translate("cli.ask_server", lang), err=True)))
    try:
        server_name(address)
    except ValueError as error:
        raise CommandError(str(error)) from error
    parts = urlsplit(address)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise _refusal("not_encrypted", lang, server=address)
    return address


def _with_scheme(address: str) -> str:
    address = address.strip().rstrip("/")
    return address if "://" in address else f"https://{address}"


def proxy_for(url: str) -> str | None:
    """The proxy of the environment for a relay's address, as httpx takes it for the API."""
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415

    parts = urlsplit(url)
    if not parts.hostname or proxy_bypass(parts.hostname):
        return None
    return getproxies().get("https" if parts.scheme == "wss" else "http")


def _injector(mode: str, screen: "Screen", drawn: bool, lang: str) -> "Injector | None":
    from agent.host.input import Area, InputError, open_injector  # noqa: PLC0415

    if mode != "control" or drawn:
        return None
    try:
        return open_injector(area=Area(*screen.area))
    except InputError as error:
        raise _refusal("no_input", lang, why=error) from error


def join(
    invitation: Annotated[
        str | None, typer.Argument(help="The code you were told, or the link you were sent; asked for when left out.")
    ] = None,
    server: ServerOption = None,
    screen: Annotated[str, typer.Option(help="'desktop', or 'drawn' for a made-up picture.")] = "desktop",
    monitor: Annotated[int, typer.Option(min=1, help="Which monitor to show.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Get help: join a session with the code you were told. Nothing is shared before you say yes."""
    from agent.host.capture import NoScreenError  # noqa: PLC0415

    lang = language_from_env()
    asked = parse_invitation(invitation or str(typer.prompt(translate("cli.ask_code", lang), err=True)).strip(), lang)
    address = _server(asked, server, lang)
    try:
        ended = run(_join(asked, address, lang, screen, monitor, as_json))
    except NoScreenError as error:
        raise _refusal("no_screen", lang, why=error) from error
    if as_json:
        print_event("ended", by=ended.by, reason=ended.reason)
    if ended.reason in {"refused", "verification_failed", "expired"}:
        raise typer.Exit(REFUSED)


async def _join(asked: Invitation, address: str, lang: str, kind: str, monitor: int, as_json: bool) -> "Ended":
    from agent.host.capture import open_screen  # noqa: PLC0415

    if not as_json:
        say(translate("cli.joining", lang, server=server_name(address)))
    source = open_screen(kind, monitor)
    try:
        async with ApiClient(address) as api:
            answer = await _claim(api, asked.code, lang)
            return await host(api, answer, asked.secret, source, address, lang, drawn=kind == "drawn")
    finally:
        source.close()


async def _claim(api: ApiClient, code: str, lang: str) -> dict[str, Any]:
    try:
        return await api.post("/v1/join", {"code": code}, headers={"Idempotency-Key": secrets.token_hex(16)})
    except ApiError as error:
        if error.status == 404:
            raise _refusal("not_valid", lang, code=REFUSED) from error
        raise


@asynccontextmanager
async def _interface(lang: str, given: "CustomerInterface | None") -> "AsyncIterator[CustomerInterface]":
    """What the customer sees, open; CommandError where it cannot be shown."""
    from agent.host.ui import choose_interface  # noqa: PLC0415

    try:
        interface = given or choose_interface(lang)
        await interface.open()
    except (OSError, ValueError) as error:
        raise CommandError(str(error)) from error
    try:
        yield interface
    finally:
        await interface.close()


async def host(
    api: ApiClient,
    answer: dict[str, Any],
    secret: bytes | None,
    source: "Screen",
    address: str,
    lang: str,
    *,
    drawn: bool,
    shown: "CustomerInterface | None" = None,
) -> "Ended":
    """Be the host of a session that was joined: `answer` is what the server gave. `shown` replaces the usual interface."""
    from agent.host.session import HostSession  # noqa: PLC0415
    from agent.host.ui import Question  # noqa: PLC0415
    from agent.seat import Seat, SeatError  # noqa: PLC0415

    try:
        seat = await Seat.take(api, answer)
        question = Question.from_statement(seat.statement, address)
    except (SeatError, ValueError) as error:
        raise CommandError(str(error)) from error
    async with _interface(lang, shown) as interface:
        session = HostSession(
            seat,
            api,
            interface,
            question,
            screen=source,
            injector=_injector(seat.mode, source, drawn, lang),
            lang=lang,
            link_secret=secret,
            proxy=proxy_for(seat.relays[0].url),
        )
        return await session.run()
