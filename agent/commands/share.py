"""`tasuki share`: the operator shows their own screen; the customer looks on, in a browser or with `tasuki join`."""

import sys
from typing import Annotated, Any

import typer

from agent.api_client import ApiClient
from agent.commands import hosting, supervisor
from agent.commands.output import REFUSED, CommandError, JsonOption, ServerOption, print_event, run, say
from agent.commands.sessions import customer_of, grouped
from agent.commands.store import SessionSecrets, encode_link_secret, new_link_secret, signed_in
from agent.host.capture import NoScreenError, open_screen
from agent.host.events import Ended
from texts import language_from_env


def share(
    present: Annotated[bool, typer.Option("--present", help="To look at only; else you may give control.")] = False,
    link: Annotated[
        bool, typer.Option("--link", help="Invite by a link with a secret; then no digits are read out.")
    ] = False,
    customer_name: Annotated[str | None, typer.Option(help="Whom you show it to.")] = None,
    customer_email: Annotated[str | None, typer.Option(help="Their e-mail address.")] = None,
    screen: Annotated[str, typer.Option(help="'desktop', or 'drawn' for a made-up picture.")] = "desktop",
    monitor: Annotated[int, typer.Option(min=1, help="Which monitor to show.")] = 1,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show your own screen. Nothing of the customer's machine comes here; they decide on their side whether to look."""
    if not supervisor.supervised():
        if code := supervisor.supervise(sys.argv[1:]):
            raise typer.Exit(code)
        return
    supervisor.die_with_parent()
    body: dict[str, Any] = {"mode": "present" if present else "share"}
    if customer := customer_of(customer_name, customer_email):
        body["customer"] = customer
    try:
        ended = run(_come_back_or_share(body, link, server, screen, monitor, as_json))
    except NoScreenError as error:
        raise CommandError(f"{error}. Nothing was shared; see also: tasuki doctor") from error
    if as_json:
        print_event("ended", by=ended.by, reason=ended.reason)
    if ended.reason in {"refused", "verification_failed", "expired"}:
        raise typer.Exit(REFUSED)


async def _come_back_or_share(
    body: dict[str, Any], link: bool, server: str | None, kind: str, monitor: int, as_json: bool
) -> Ended:
    left = hosting.left_behind()
    source = open_screen(*((left.place.kind, left.place.monitor) if left else (kind, monitor)))
    try:
        if left is not None:
            return await hosting.come_back(left, source)
        async with await signed_in(server) as api:
            return await _share(api, body, link, source, monitor, as_json, drawn=kind == "drawn")
    finally:
        source.close()


async def _share(
    api: ApiClient, body: dict[str, Any], link: bool, source: Any, monitor: int, as_json: bool, *, drawn: bool
) -> Ended:
    session = await api.post("/v1/sessions", body)
    secret = new_link_secret() if link else None
    SessionSecrets(session["id"]).put("link", secret)
    address = session["join_url"] if secret is None else f"{session['join_url']}#k={encode_link_secret(secret)}"
    if as_json:
        print_event("session", id=session["id"], code=session["code"], link=address)
    else:
        code = grouped(session["code"])
        if secret is None:
            say(f"\n  Code   {code}", strong=code)
        say(f"  Link   {address}\n")
    answer = await api.post(f"/v1/sessions/{session['id']}/ticket")
    lang = language_from_env()
    ended = await hosting.host(
        api, answer, secret, source, api.base_url, lang, drawn=drawn, monitor=monitor, side="operator"
    )
    SessionSecrets(session["id"]).forget()
    return ended
