"""`tasuki chat`: written messages with the customer, in this terminal; for scripts as JSON lines."""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.hosting import proxy_for
from agent.commands.output import CommandError, JsonOption, ServerOption, run
from agent.commands.store import SessionSecrets, signed_in
from agent.commands.view import Speaker, ended, tell, until_accepted
from wire.errors import WireError

if TYPE_CHECKING:
    from agent.viewer.session import ViewerSession


def chat(
    session: Annotated[str, typer.Argument(help="The session's id (ses_…).")],
    timeout: Annotated[float, typer.Option(help="Give up after so many seconds without consent.")] = 300.0,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write with the customer: each line typed here is a message. Ends with the session, or with the input."""
    run(_chat(session, server, timeout, as_json))


async def _chat(session: str, server: str | None, timeout_seconds: float, as_json: bool) -> None:
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
            viewer.confirm()
            await _converse(viewer, remembered, speak)


async def _converse(viewer: "ViewerSession", remembered: SessionSecrets, speak: Speaker) -> None:
    from agent.viewer import events  # noqa: PLC0415

    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    reading = loop.run_in_executor(None, _read, loop, lines)
    saying = asyncio.ensure_future(_say(viewer, lines, speak))
    try:
        while not saying.done():
            following = asyncio.ensure_future(viewer.next_event())
            await asyncio.wait({following, saying}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                following.cancel()
                break
            event = following.result()
            tell(event, speak)
            if isinstance(event, events.Ended):
                remembered.forget()
                speak("ended", ended(event.by, event.reason), by=event.by, reason=event.reason)
                break
        while viewer.protocol.chat.waiting and viewer.protocol.ended is None:
            tell(await viewer.next_event(), speak)
    finally:
        saying.cancel()
        reading.cancel()
        await asyncio.gather(saying, return_exceptions=True)


async def _say(viewer: "ViewerSession", lines: "asyncio.Queue[str]", speak: Speaker) -> None:
    """Send each line; returns at the end of the input."""
    while line := await lines.get():
        if not line.strip():
            continue
        try:
            sent = viewer.say(line)
        except WireError as error:
            speak("not_said", f"Not sent: {error}", text=line.strip())
            continue
        if not sent:
            speak("not_said", "Not sent: messages are not allowed just now.", text=line.strip())


def _read(loop: asyncio.AbstractEventLoop, lines: "asyncio.Queue[str]") -> None:
    """In a thread: what is typed, then an empty text for the end."""
    for line in sys.stdin:
        loop.call_soon_threadsafe(lines.put_nowait, line)
    loop.call_soon_threadsafe(lines.put_nowait, "")
