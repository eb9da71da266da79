"""The customer looks at the operator's screen: `tasuki join` with the code of a session in mode `share` or `present`."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agent.api_client import ApiClient
from agent.commands.hosting import FILE_SETTING, interface, proxy_for
from agent.commands.output import CommandError
from wire.errors import WireError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from agent.host.events import Ended
    from agent.host.ui import CustomerInterface, Question, Sign
    from agent.seat import Seat
    from agent.viewer.events import Event
    from agent.viewer.kept import KeptViewer, ViewerFile
    from agent.viewer.screen import ScreenWindow
    from agent.viewer.session import ViewerSession

UNKNOWN_CALLER: Final = "unknown_caller"


KEEP_SECONDS: Final = 5.0
"""At least this often the file for a successor is written anew: it is good for 15 minutes, and says that somebody lives."""


async def look_on(
    api: ApiClient, answer: dict[str, Any], secret: bytes | None, address: str, lang: str, receipt: str = ""
) -> "Ended":
    """Be the viewer of a session that was joined; returns who ended it and why. `receipt`: the file or folder for it."""
    from agent.seat import Seat, SeatError  # noqa: PLC0415

    try:
        seat = await Seat.take(api, answer, "customer", "viewer")
    except SeatError as error:
        raise CommandError(str(error)) from error
    return await _look(api, seat, address, lang, link=secret, receipt=receipt)


def left_behind() -> "KeptViewer | None":
    """What an earlier process left in this one's file, if it can still be come back to."""
    return _file().load()


async def come_back(left: "KeptViewer") -> "Ended":
    """Go on as the viewer that an earlier process was; nobody is asked again."""
    from agent.host.events import Ended  # noqa: PLC0415
    from agent.seat import Seat, SeatError  # noqa: PLC0415

    try:
        seat = Seat.from_kept(left.seat)
    except SeatError as error:
        raise CommandError(str(error)) from error
    async with ApiClient(left.server) as api:
        await seat.renew(api)
        if seat.ended is not None:
            _file().erase()
            return Ended(*seat.ended)
        return await _look(api, seat, left.server, left.lang, resume=left.secrets)


def _file() -> "ViewerFile":
    """The file that the supervisor of this process named."""
    from agent.viewer.kept import ViewerFile  # noqa: PLC0415

    return ViewerFile(Path(os.environ[FILE_SETTING]))


async def _look(
    api: ApiClient,
    seat: "Seat",
    address: str,
    lang: str,
    *,
    link: bytes | None = None,
    resume: tuple[bytes, ...] = (),
    receipt: str = "",
) -> "Ended":
    from agent.host.ui import Question  # noqa: PLC0415
    from agent.receipt import offer  # noqa: PLC0415
    from agent.viewer.kept import KeptViewer  # noqa: PLC0415
    from agent.viewer.screen import open_window  # noqa: PLC0415
    from agent.viewer.session import ViewerSession  # noqa: PLC0415

    try:
        question = Question.from_statement(seat.statement, address)
    except ValueError as error:
        raise CommandError(str(error)) from error
    file = _file()

    def keep(secrets: tuple[bytes, ...]) -> None:
        file.save(KeptViewer(seat.keep_as(), secrets, address, lang))

    proxy = proxy_for(seat.relays[0].url)
    viewer = ViewerSession(seat, api, link_secret=link, resume=resume, keep=keep, proxy=proxy)
    async with interface(lang) as person:
        async with viewer, open_window(viewer, question, lang) as window:
            look = _Look(viewer, person, question, window, resumed=bool(resume), over=file.erase)
            ended = await look.run()
        file.erase()
        if look.live:
            await offer(api, seat, person, lang, receipt)
    return ended


class _Look:
    """What happens to the viewer, shown to the customer; what the customer wants, told to the viewer."""

    def __init__(
        self,
        viewer: "ViewerSession",
        person: "CustomerInterface",
        question: "Question",
        window: "ScreenWindow | None",
        *,
        resumed: bool,
        over: "Callable[[], None]",
    ) -> None:
        """`resumed`: the customer had agreed before; the sign comes at once, and nothing is asked. `over` is called before
        they are told that it is: whoever ends this program then has nothing to come back to."""
        self._over = over
        self._viewer, self._person, self._question, self._window = viewer, person, question, window
        self._asking: asyncio.Task[None] | None = None
        self.live = resumed
        """Whether they ever agreed."""
        self._shown: Sign | None = None

    async def run(self) -> "Ended":
        from agent.host.events import Ended  # noqa: PLC0415
        from agent.viewer import events  # noqa: PLC0415

        await (self._sign() if self.live else self._person.show_waiting(self._question))
        wants, living = asyncio.ensure_future(self._wants()), asyncio.ensure_future(self._stay_known())
        try:
            while True:
                event = await self._viewer.next_event()
                if isinstance(event, events.Ended):
                    self._over()
                    await self._person.show_ended(event.by, event.reason)
                    return Ended(event.by, event.reason)
                await self._show(event)
        finally:
            tasks = [task for task in (wants, living, self._asking) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _show(self, event: "Event") -> None:
        from agent.viewer import events  # noqa: PLC0415

        match event:
            case events.DigitsWanted():
                self._ask(self._digits(event.attempt))
            case events.ConsentWanted():
                self._ask(self._consent())
            case events.Accepted():
                self.live = True
                await self._sign()
            case events.Granted() | events.Holder() | events.HostAway() | events.HostHere() | events.Paused() if (
                self.live
            ):
                await self._sign()
            case events.Said():
                await self._person.show_line(event.line.name, event.line.text, mine=event.mine)
            case events.Drawn() if self._window is not None:
                self._window.draw(event.rectangles)

    async def _sign(self) -> None:
        from agent.host.ui import Sign  # noqa: PLC0415

        protocol = self._viewer.protocol
        granted = tuple(sorted(protocol.grants & {"chat"}))
        state = "use" if "control" in protocol.grants and protocol.holder == "viewer" else "look"
        sign = Sign(state, granted=granted, away=not protocol.live, held=protocol.picture.paused)
        if sign != self._shown:
            self._shown = sign
            await self._person.show_sign(self._question, sign)

    def _ask(self, question: "Coroutine[Any, Any, None]") -> None:
        if self._asking is not None:
            self._asking.cancel()
        self._asking = asyncio.ensure_future(question)

    async def _digits(self, attempt: int) -> None:
        from agent.host.ui import Problem  # noqa: PLC0415

        self._viewer.digits(await self._person.ask_digits(attempt, Problem.WRONG if attempt > 1 else None))

    async def _consent(self) -> None:
        self._viewer.answer(await self._person.ask_consent(self._question))

    async def _stay_known(self) -> None:
        """The file for a successor has the newest ticket, and says by its age that somebody lives."""
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            self._viewer.keep()

    async def _wants(self) -> None:
        from agent.host.ui import Kind  # noqa: PLC0415

        while True:
            event = await self._person.next_event()
            if event.kind in (Kind.STOP, Kind.STRANGER):
                self._viewer.stop("ended" if event.kind is Kind.STOP else UNKNOWN_CALLER)
            elif event.kind is Kind.SAY:
                self._say(event.text)

    def _say(self, text: str) -> None:
        try:
            self._viewer.say(text)
        except WireError as error:
            self._asking = asyncio.ensure_future(self._person.notice(str(error)))
