"""`tasuki view`: see a session, in the browser or headless."""

import asyncio
import time
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.api_client import ApiClient
from agent.commands.connect import connected
from agent.commands.hosting import proxy_for
from agent.commands.output import REFUSED, CommandError, JsonOption, ServerOption, print_event, print_json, run, say
from agent.commands.store import SessionSecrets, encode_link_secret, signed_in
from texts import catalogue, language_from_env, translate

if TYPE_CHECKING:
    from agent.viewer.events import Event, PictureAge, PictureFalse
    from agent.viewer.session import ViewerSession

SETTLE_SECONDS = 0.5
"""A screenshot is taken when no picture came for this long, or after ten seconds at the latest."""


def view(
    session: Annotated[str | None, typer.Argument(help="The session's id (ses_…); none with --device.")] = None,
    device: Annotated[
        str | None, typer.Option("--device", help="Connect to this enrolled device: its id (dev_…) or its name.")
    ] = None,
    mode: Annotated[str, typer.Option(help="With --device: what for.")] = "control",
    access_key_file: Annotated[
        Path | None, typer.Option("--access-key-file", help="With --device: the key for sessions without asking.")
    ] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Without a window: for scripts and tests.")] = False,
    screenshot: Annotated[Path | None, typer.Option(help="Headless: write the screen as PNG, then leave.")] = None,
    timeout: Annotated[float, typer.Option(help="Headless: give up after so many seconds without consent.")] = 300.0,
    end: Annotated[bool, typer.Option("--end", help="Headless: end the session when done.")] = False,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """See the customer's screen, or that of an enrolled device: in your browser, or with --headless in this terminal."""
    if device is not None:
        session = run(connected(device, mode, access_key_file, server))
    if session is None:
        raise CommandError("see what? Give a session (ses_…), or a device with --device")
    if headless or screenshot is not None:
        run(_headless(session, server, screenshot, timeout, end, as_json))
    else:
        _browser(run(_console_url(session, server)), SessionSecrets(session).get("link"), as_json)


async def _console_url(session: str, server: str | None) -> str:
    async with await signed_in(server) as api:
        return str((await api.get(f"/v1/sessions/{session}"))["console_url"])


def _browser(url: str, link_secret: bytes | None, as_json: bool) -> None:
    """Open the console; the secret of a link made here goes along behind the `#`, which no server sees."""
    import webbrowser  # noqa: PLC0415

    address = url if link_secret is None else f"{url}#k={encode_link_secret(link_secret)}"
    opened = webbrowser.open(address)
    if as_json:
        print_json({"console_url": url, "opened": opened})
    else:
        say(f"Opened in your browser: {url}" if opened else f"Open this in your browser: {address}")


class Speaker:
    """Tells what happens, for people or as JSON lines."""

    def __init__(self, as_json: bool) -> None:
        self._json = as_json

    def __call__(self, name: str, text: str, /, **members: object) -> None:
        if self._json:
            print_event(name, **members)
        else:
            say(text)


async def _headless(
    session: str, server: str | None, screenshot: Path | None, timeout_seconds: float, end: bool, as_json: bool
) -> None:
    from agent.seat import Seat, SeatError  # noqa: PLC0415
    from agent.viewer.session import ViewerSession  # noqa: PLC0415

    speak, remembered = Speaker(as_json), SessionSecrets(session)
    async with await signed_in(server) as api:
        try:
            seat = await Seat.take(api, await api.post(f"/v1/sessions/{session}/ticket"), "operator", "viewer")
        except SeatError as error:
            raise CommandError(str(error)) from error
        viewer = ViewerSession(
            seat,
            api,
            link_secret=remembered.get("link"),
            resume=remembered.resume(),
            keep=remembered.keep_resume,
            proxy=proxy_for(seat.relays[0].url),
        )
        async with viewer:
            speak("waiting", "Waiting for the customer …", session=session)
            await until_accepted(viewer, speak, timeout_seconds)
            if screenshot is not None:
                await _until_settled(viewer)
                write_png(viewer, screenshot)
                speak("screenshot", f"Wrote {screenshot}.", path=str(screenshot))
            else:
                await _until_ended(viewer, remembered, speak)
            if end:
                await _end(api, session, viewer)
                speak("ended", "The session has ended.", by="operator", reason="ended")


def why(reason: str) -> str:
    """A reason of an end in plain words, or as it was given where it is somebody's own."""
    texts, key = catalogue(language_from_env()), f"console.ended.reason.{reason}"
    return texts.get(key, f"{reason}.")


def ended(by: str, reason: str) -> str:
    """Who ended a session and, where there was more to it, why."""
    return f"Ended by the {by}." if reason == "ended" else f"Ended by the {by}: {why(reason)}"


def may_now(grants: Collection[str]) -> str:
    """What is left to the operator, in words."""
    lang = language_from_env()
    named = {"view": "see the screen", "control": "use mouse and keyboard", "chat": "write messages"}
    texts = catalogue(lang)
    return ", ".join(named.get(name) or texts.get(f"host.grant.{name}", name) for name in sorted(grants)) or "nothing"


async def until_accepted(viewer: "ViewerSession", speak: Speaker, timeout_seconds: float) -> None:
    from agent.viewer import events  # noqa: PLC0415

    deadline = time.monotonic() + timeout_seconds
    while True:
        event = await _next(viewer, deadline)
        tell(event, speak)
        if isinstance(event, events.Ended):
            raise CommandError(f"the session ended before it began. {ended(event.by, event.reason)}", REFUSED)
        if isinstance(event, events.Accepted):
            return


async def _next(viewer: "ViewerSession", deadline: float) -> "Event":
    try:
        return await asyncio.wait_for(viewer.next_event(), max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        where = f" ({viewer.unreachable})" if viewer.unreachable else ""
        raise CommandError(f"nobody accepted in time{where}", REFUSED) from None


def tell(event: "Event", speak: Speaker) -> None:  # noqa: PLR0912 - one line for each kind of event
    from agent.viewer import events  # noqa: PLC0415

    if isinstance(event, events.Digits):
        if event.digits is None:
            speak("digits", "Joined by link: no digits are needed.", digits=None)
        else:
            speak("digits", f"Read out these six digits:  {event.digits}", digits=event.digits)
    elif isinstance(event, events.HostHere):
        speak("host", "The customer is here.")
    elif isinstance(event, events.HostAway):
        speak("away", "The customer's connection is lost; waiting …")
    elif isinstance(event, events.Verified):
        speak("verified", "The digits were right; the customer is asked.")
    elif isinstance(event, events.Retry):
        speak("retry", f"Starting over: {event.problem}.", problem=event.problem)
    elif isinstance(event, events.Accepted):
        speak("accepted", "The customer accepted (ask whether they say so, too).", grants=sorted(event.grants))
    elif isinstance(event, events.Unproved):
        raise CommandError(
            "the other end can no longer prove that it is the customer; run this again to verify anew", REFUSED
        )
    elif isinstance(event, events.Impossible):
        why = [translate(f"viewer.failed.{event.why}{part}", language_from_env()) for part in ("", ".hint")]
        raise CommandError(": ".join(why), REFUSED)
    elif isinstance(event, events.PictureFalse | events.PictureAge):
        _tell_picture(event, speak)
    elif isinstance(event, events.InputIgnored):
        speak("ignored", f"Input is not allowed here: {event.count} ignored.", count=event.count)
    elif isinstance(event, events.Said):
        who = "You" if event.mine else event.line.name or "The customer"
        speak("chat", f"{who}: {event.line.text}", text=event.line.text, mine=event.mine, sender=event.line.sender)
    elif isinstance(event, events.NotSaid):
        speak("not_said", "The customer's side did not take a message.", text=event.line.text)
    elif isinstance(event, events.Holder):
        said = (
            "The customer uses mouse and keyboard; yours wait." if event.who == "host" else "You are in control again."
        )
        speak("control", said, holder=event.who)
    elif isinstance(event, events.Granted):
        speak("grants", f"What you may do now: {may_now(event.grants)}.", grants=sorted(event.grants))
    elif isinstance(event, events.Narrowed):
        left, seconds = sorted(event.features), event.seconds
        limit = "" if seconds is None else f" It ends {-(-seconds // 60)} minutes after it began."
        rest = f"Left beside the screen: {', '.join(left) or 'nothing'}.{limit}"
        speak("narrowed", f"An administrator changed what this session may do. {rest}", features=left, seconds=seconds)
    elif isinstance(event, events.Paused):
        speak("paused", "The customer paused." if event.paused else "The customer goes on.", paused=event.paused)


def _tell_picture(event: "PictureFalse | PictureAge", speak: Speaker) -> None:
    """What is shown may be old, or false: people are told."""
    seconds = getattr(event, "seconds", None)
    if seconds is None:
        speak("picture_false", "The picture is not the one the customer's side sent; asking for another.")
    else:
        old = f"The picture is {seconds} s old." if seconds else "The picture is current again."
        speak("picture_age", old, seconds=seconds)


async def _until_settled(viewer: "ViewerSession", most: float = 10.0) -> None:
    """A picture is there and stood still for a moment (or `most` seconds are over)."""
    from agent.viewer import events  # noqa: PLC0415

    deadline = time.monotonic() + most
    while time.monotonic() < deadline:
        drawn = viewer.protocol.picture.sync.picture > 0
        try:
            event = await asyncio.wait_for(viewer.next_event(), SETTLE_SECONDS if drawn else most)
        except TimeoutError:
            if drawn:
                return
            break
        if isinstance(event, events.Ended):
            break
    if viewer.protocol.picture.sync.picture == 0:
        raise CommandError("no picture came; is the customer's screen on?")


async def _until_ended(viewer: "ViewerSession", remembered: SessionSecrets, speak: Speaker) -> None:
    from agent.viewer import events  # noqa: PLC0415

    while True:
        event = await viewer.next_event()
        tell(event, speak)
        if isinstance(event, events.Ended):
            remembered.forget()
            speak("ended", ended(event.by, event.reason), by=event.by, reason=event.reason)
            return


async def _end(api: ApiClient, session: str, viewer: "ViewerSession") -> None:
    viewer.end()
    await api.post(f"/v1/sessions/{session}/end")
    SessionSecrets(session).forget()


def write_png(viewer: "ViewerSession", path: Path) -> None:
    """The viewer's picture as a PNG file."""
    from mss.tools import to_png  # noqa: PLC0415

    decoder = viewer.protocol.picture.sync.decoder
    rgb = bytearray(decoder.width * decoder.height * 3)
    for channel in range(3):
        rgb[channel::3] = decoder.pixels[2 - channel :: 4]
    data: Any = to_png(bytes(rgb), (decoder.width, decoder.height))
    path.write_bytes(data)
