"""`tasuki join`: the customer's command."""

import secrets
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qs, urlsplit

import typer

from agent.api_client import ApiClient, ApiError
from agent.commands import hosting, look, supervisor
from agent.commands.hosting import host, proxy_for, refusal
from agent.commands.output import REFUSED, CommandError, JsonOption, ServerOption, print_event, run, say
from agent.commands.store import decode_link_secret
from agent.host.capture import NoScreenError, open_screen
from agent.host.grants import SHARED
from agent.host.ui.question import server_name
from texts import language_from_env, translate

if TYPE_CHECKING:
    from agent.host.events import Ended

__all__ = ["Invitation", "checked_server", "host", "join", "parse_invitation", "proxy_for"]

CODE_DIGITS = range(6, 13)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the customer typed or clicked: a code, and from a link the server and perhaps its secret."""

    code: str
    server: str | None = None
    secret: bytes | None = None


def parse_invitation(text: str, lang: str = "en") -> Invitation:
    """A code as people write it (spaces and dashes are fine), or a join link. Raises CommandError."""
    if "://" in text:
        return _parse_link(text, lang)
    code = "".join(char for char in text if char not in " -\u3000")
    if not (code.isascii() and code.isdigit() and len(code) in CODE_DIGITS):
        raise refusal("bad_code", lang, typed=repr(text))
    return Invitation(code)


def _parse_link(text: str, lang: str) -> Invitation:
    try:
        parts = urlsplit(text)
        server_name(text)
    except ValueError:
        raise refusal("bad_link", lang, typed=repr(text)) from None
    head, slash, code = parts.path.rstrip("/").rpartition("/join/")
    if parts.scheme not in {"http", "https"} or not slash or parts.username is not None or parts.password is not None:
        raise refusal("bad_link", lang, typed=repr(text))
    found = parse_invitation(code, lang)
    key = parse_qs(parts.fragment).get("k")
    return Invitation(found.code, f"{parts.scheme}://{parts.netloc}{head}", decode_link_secret(key[0]) if key else None)


def _server(asked: Invitation, given: str | None, lang: str) -> str:
    """The server's address; refuses one that is not the one asked for."""
    if asked.server and given and server_name(asked.server) != server_name(_with_scheme(given)):
        raise refusal("two_servers", lang, link=server_name(asked.server), given=given)
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
        raise refusal("not_encrypted", lang, server=address)
    return address


def _with_scheme(address: str) -> str:
    address = address.strip().rstrip("/")
    return address if "://" in address else f"https://{address}"


def join(
    invitation: Annotated[
        str | None, typer.Argument(help="The code you were told, or the link you were sent; asked for when left out.")
    ] = None,
    server: ServerOption = None,
    screen: Annotated[str, typer.Option(help="'desktop', or 'drawn' for a made-up picture.")] = "desktop",
    monitor: Annotated[int, typer.Option(min=1, help="Which monitor to show.")] = 1,
    receipt: Annotated[
        str, typer.Option(help="Save the receipt here at the end: a file (.json or .html) or a folder.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Get help: join a session with the code you were told. Nothing is shared before you say yes.

    Without a code, a session whose program was killed goes on, if that was within 15 minutes.
    """
    if not supervisor.supervised():
        file = None if invitation else supervisor.forsaken()
        code = supervisor.supervise(sys.argv[1:], file)
        if code:
            raise typer.Exit(code)
        return
    supervisor.die_with_parent()
    lang = language_from_env()
    try:
        ended = run(_come_back_or_join(invitation, server, lang, screen, monitor, as_json, receipt))
    except NoScreenError as error:
        raise refusal("no_screen", lang, why=error) from error
    if as_json:
        print_event("ended", by=ended.by, reason=ended.reason)
    if ended.reason in {"refused", "verification_failed", "expired"}:
        raise typer.Exit(REFUSED)


async def _come_back_or_join(
    invitation: str | None, server: str | None, lang: str, kind: str, monitor: int, as_json: bool, receipt: str
) -> "Ended":
    if (left := hosting.left_behind()) is not None:
        source = open_screen(left.place.kind, left.place.monitor)
        try:
            return await hosting.come_back(left, source)
        finally:
            source.close()
    if (looking := look.left_behind()) is not None:
        return await look.come_back(looking)
    asked = parse_invitation(invitation or str(typer.prompt(translate("cli.ask_code", lang), err=True)).strip(), lang)
    address = _server(asked, server, lang)
    if not as_json:
        say(translate("cli.joining", lang, server=server_name(address)))
    async with ApiClient(address) as api:
        if await _mode(api, asked.code, lang) in SHARED:
            return await look.look_on(api, await _claim(api, asked.code, lang), asked.secret, address, lang, receipt)
        source = open_screen(kind, monitor)
        try:
            answer = await _claim(api, asked.code, lang)
            return await host(
                api,
                answer,
                asked.secret,
                source,
                address,
                lang,
                drawn=kind == "drawn",
                monitor=monitor,
                receipt=receipt,
            )
        finally:
            source.close()


async def _mode(api: ApiClient, code: str, lang: str) -> str:
    """What the code is for, before it is used up: whose screen is to be shown."""
    preview = await _asked(api, "/v1/join/preview", code, lang)
    return str(preview.get("session", {}).get("mode"))


async def _claim(api: ApiClient, code: str, lang: str) -> dict[str, Any]:
    return await _asked(api, "/v1/join", code, lang, {"Idempotency-Key": secrets.token_hex(16)})


async def _asked(
    api: ApiClient, path: str, code: str, lang: str, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    try:
        return await api.post(path, {"code": code}, headers=headers)
    except ApiError as error:
        if error.status == 404:
            raise refusal("not_valid", lang, code=REFUSED) from error
        raise
