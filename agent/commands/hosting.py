"""What every way of being a host has in common: the interface, input, the file to come back by, and who was here before."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from agent.api_client import ApiClient
from agent.commands.output import FAILED, CommandError
from agent.commands.store import folder, read
from agent.private_file import write
from texts import translate

if TYPE_CHECKING:
    from agent.host.capture import Screen
    from agent.host.events import Ended
    from agent.host.facts import Facts
    from agent.host.input import Injector
    from agent.host.input.own import OwnInput
    from agent.host.kept import HostFile, Kept
    from agent.host.ui import CustomerInterface
    from agent.seat import Seat, Side

FILE_SETTING: Final = "TASUKI_HOST_FILE"
"""Where a supervised host keeps what its successor needs; set by `agent.commands.supervisor`."""
REST_SETTING: Final = "TASUKI_OWN_INPUT_SECONDS"
"""How long one's own mouse and keyboard must rest before the other side's count again; 'hand' for 'when I say so'."""


def refusal(key: str, lang: str, *, code: int = FAILED, **values: object) -> CommandError:
    """What stops a join, in the customer's language."""
    return CommandError(translate(f"cli.join.{key}", lang, **values), code)


def proxy_for(url: str) -> str | None:
    """The proxy of the environment for a relay's address, as httpx takes it for the API."""
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415

    parts = urlsplit(url)
    if not parts.hostname or proxy_bypass(parts.hostname):
        return None
    return getproxies().get("https" if parts.scheme == "wss" else "http")


class Acquaintances:
    """The organisations that were said yes to at this machine, by server: the next time there is no warning."""

    def __init__(self) -> None:
        self._path = folder() / "known.json"

    def knows(self, server: str, organisation: str) -> bool:
        known = read(self._path).get(server)
        return isinstance(known, list) and organisation in known

    def remember(self, server: str, organisation: str) -> None:
        value = read(self._path)
        known = value.get(server)
        value[server] = sorted({organisation, *(known if isinstance(known, list) else [])})
        write(self._path, value)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a host is: the server, what is shown of this machine, and its person's language."""

    server: str
    lang: str
    kind: str = "desktop"
    monitor: int = 1
    receipt: str = ""
    """Where the receipt is saved at the end; empty: they are asked."""


@dataclass(slots=True)
class Left:
    """A host's seat and place, the file in which they are kept, and what was kept and noted by an earlier process."""

    seat: "Seat"
    place: Place
    file: "HostFile | None"
    kept: "Kept | None" = None
    facts: "Facts | None" = None


def injector(mode: str, screen: "Screen", drawn: bool, lang: str) -> "Injector | None":
    """How viewers' input is applied; None where the mode or the screen allows none."""
    from agent.host.input import Area, InputError, open_injector  # noqa: PLC0415

    if mode not in {"control", "manage", "share"} or drawn:
        return None
    try:
        return open_injector(area=Area(*screen.area))
    except InputError as error:
        raise refusal("no_input", lang, why=error) from error


@asynccontextmanager
async def interface(lang: str, given: "CustomerInterface | None" = None) -> "AsyncIterator[CustomerInterface]":
    """What the person sees, open; CommandError where it cannot be shown."""
    from agent.host.ui import choose_interface  # noqa: PLC0415

    try:
        shown = given or choose_interface(lang)
        await shown.open()
    except (OSError, ValueError) as error:
        raise CommandError(str(error)) from error
    try:
        yield shown
    finally:
        await shown.close()


async def host(
    api: ApiClient,
    answer: dict[str, Any],
    secret: bytes | None,
    source: "Screen",
    address: str,
    lang: str,
    *,
    drawn: bool,
    monitor: int = 1,
    side: "Side" = "customer",
    shown: "CustomerInterface | None" = None,
    only_by_secret: bool = False,
    receipt: str = "",
) -> "Ended":
    """Be the host of a session that was joined, on this `side`: `answer` is what the server gave. `shown` replaces the
    usual interface; `only_by_secret`: digits do not stand in for `secret`, unless the statement demands them.
    `receipt`: the file or folder for it."""
    from agent.seat import Seat, SeatError  # noqa: PLC0415

    try:
        seat = await Seat.take(api, answer, side, "host")
    except SeatError as error:
        raise CommandError(str(error)) from error
    if only_by_secret and seat.demands.verification == "either":
        seat.demands = replace(seat.demands, verification="link")
    place = Place(address, lang, "drawn" if drawn else "desktop", monitor, receipt)
    return await _run(api, Left(seat, place, host_file()), source, secret=secret, shown=shown)


async def come_back(left: "Left", source: "Screen") -> "Ended":
    """Go on as the host that an earlier process was; nobody is asked again."""
    from agent.host.events import Ended  # noqa: PLC0415

    async with ApiClient(left.place.server) as api:
        await left.seat.renew(api)
        if left.seat.ended is not None:
            if left.file is not None:
                left.file.erase()
            return Ended(*left.seat.ended)
        return await _run(api, left, source)


async def _run(
    api: ApiClient,
    left: "Left",
    source: "Screen",
    *,
    secret: bytes | None = None,
    shown: "CustomerInterface | None" = None,
) -> "Ended":
    from agent.host.session import HostSession  # noqa: PLC0415
    from agent.host.ui import Question  # noqa: PLC0415
    from agent.receipt import offer  # noqa: PLC0415

    seat, address, lang = left.seat, left.place.server, left.place.lang
    drawn = left.place.kind == "drawn"
    known, organisation = Acquaintances(), str(seat.statement.get("organisation", {}).get("id"))
    try:
        question = Question.from_statement(seat.statement, address, side=seat.side)
    except ValueError as error:
        raise CommandError(str(error)) from error
    question = replace(question, known=shown is not None or known.knows(address, organisation))
    own = _own_input(drawn)
    async with interface(lang, shown) as person:
        session = HostSession(
            seat,
            api,
            person,
            question,
            screen=source,
            injector=injector(seat.mode, source, drawn, lang),
            lang=lang,
            link_secret=secret,
            proxy=proxy_for(seat.relays[0].url),
            own=own,
            return_seconds=_return_seconds(),
            file=left.file,
            kept=left.kept,
            keep_with={"place": asdict(left.place)},
            facts=left.facts,
        )
        ended = await session.run()
        if session.accepted and seat.side == "customer":
            known.remember(address, organisation)
            if shown is None or left.place.receipt:
                await offer(api, seat, person, lang, left.place.receipt)
        return ended


def host_file() -> "HostFile | None":
    """The file that the supervisor of this process named."""
    from agent.host.kept import HostFile  # noqa: PLC0415

    name = os.environ.get(FILE_SETTING)
    return HostFile(Path(name)) if name else None


def left_behind() -> Left | None:
    """What an earlier process left in this one's file, if it can still be come back to. To be called on the loop."""
    from agent.host.facts import Facts  # noqa: PLC0415
    from agent.seat import Seat, SeatError  # noqa: PLC0415

    file = host_file()
    loaded = file.load(asyncio.get_running_loop().time()) if file is not None else None
    if loaded is None:
        return None
    value, kept = loaded
    try:
        place = Place(**value.pop("place"))
        facts = Facts.from_kept(value.pop("facts"))
        return Left(Seat.from_kept(value), place, file, kept, facts)
    except (KeyError, TypeError, SeatError):
        return None


def _own_input(drawn: bool) -> "OwnInput":
    from agent.host.input.own import NoOwnInput, own_input  # noqa: PLC0415

    return NoOwnInput() if drawn else own_input()


def _return_seconds() -> float | None:
    from agent.host.consent import RETURN_SECONDS  # noqa: PLC0415

    told = os.environ.get(REST_SETTING, "")
    if told == "hand":
        return None
    try:
        seconds = float(told) if told else RETURN_SECONDS
    except ValueError:
        seconds = -1.0
    if not 0 < seconds <= 3600:
        raise CommandError(f"{REST_SETTING} is a number of seconds up to 3600, or 'hand'; not {told!r}")
    return seconds
