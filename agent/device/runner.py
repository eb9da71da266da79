"""`tasuki device run`: waits for operators and is the host of one session at a time, for as long as it runs."""

import asyncio
import platform
import secrets
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.api_client import ApiClient, ApiError, Json, ServerUnreachableError
from agent.commands.output import CommandError
from agent.device.client import DeviceClient, WipedError
from agent.device.consent import PRESENT_SECONDS, NoKeys, Rule, interface_for, rule_for
from agent.device.identity import Identity, NotEnrolledError
from texts import translate

if TYPE_CHECKING:
    from agent.host.ui import CustomerInterface

PAUSES_SECONDS: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""After each failure in a row; a third of it more or less, so that a thousand devices do not come back at once."""

ANSWER_TRIES: Final = 3
FAREWELL_SECONDS: Final = 10.0
"""A session that the server knows to be over may take so long to notice it here."""

Tell = Callable[..., None]
"""`tell(event, sentence, **members)`."""


class Runner:
    """One identity, one server. `tell` hears what happens."""

    def __init__(self, identity: Identity, path: Path, *, screen: str, monitor: int, lang: str, tell: Tell) -> None:
        self._identity, self._path = identity, path
        self._screen, self._monitor, self._lang, self._tell = screen, monitor, lang, tell
        self._session: asyncio.Task[None] | None = None
        self._failures = 0

    async def run(self) -> None:
        """Until the enrolment is wiped (its key is then deleted) or unknown; CommandError says so."""
        async with ApiClient(self._identity.server) as api:
            client = DeviceClient(api, self._identity)
            try:
                await self._patiently(lambda: client.report(platform_name(), agent_version()))
                self._say("online", "waiting", organisation=self._identity.organisation)
                while True:
                    heard = await self._patiently(client.wait)
                    for call in heard.get("calls", []):
                        await self._take(api, client, call, heard.get("consent"))
            except WipedError as error:
                self._path.unlink(missing_ok=True)
                raise CommandError(self._words("wiped")) from error
            finally:
                await self._stop()

    async def _patiently(self, ask: Callable[[], Awaitable[Json]]) -> Json:
        """Ask until there is an answer, ever less often; what no waiting heals is raised."""
        while True:
            try:
                answer = await ask()
            except (ServerUnreachableError, ApiError) as error:
                if isinstance(error, ApiError) and error.status == 401:
                    raise CommandError(f"{error.detail} (its id is {self._identity.device_id})") from error
                pause = PAUSES_SECONDS[min(self._failures, len(PAUSES_SECONDS) - 1)]
                if self._failures == 0:
                    self._say("away", "away", problem=error)
                self._failures += 1
                await asyncio.sleep(pause * (1 + (secrets.randbelow(1000) - 500) / 1500))
            else:
                if self._failures:
                    self._say("back", "back")
                self._failures = 0
                return answer

    async def _take(self, api: ApiClient, client: DeviceClient, call: Json, told: object) -> None:
        """Begin a session, when the one before is really over."""
        if self._session is not None:
            await asyncio.wait({self._session}, timeout=FAREWELL_SECONDS)
            await self._stop()
        try:
            self._identity = Identity.load(self._path)  # the administrator may have changed their mind since
        except NotEnrolledError as error:
            raise CommandError(str(error)) from error
        rule = rule_for(told, unattended=self._identity.unattended)
        answer = await self._taken_up(client, str(call["session_id"]))
        if answer is not None:
            self._session = asyncio.ensure_future(self._host(api, answer, rule))

    async def _taken_up(self, client: DeviceClient, session: str) -> Json | None:
        """What a host needs; asked for again when the answer was lost, under the same key, so that it is the same answer."""
        key, problem = secrets.token_hex(16), ""
        for _ in range(ANSWER_TRIES):
            try:
                return await client.take_up(session, key)
            except ServerUnreachableError as error:
                problem = str(error)
            except ApiError as error:
                problem = str(error)
                break
        self._say("missed", "missed", problem=problem)
        return None

    async def _host(self, api: ApiClient, answer: Json, rule: Rule) -> None:
        """One session. Whatever goes wrong in it, the device goes on waiting."""
        from agent.commands.join import host  # noqa: PLC0415 - heavy, and needs a screen
        from agent.host.capture import NoScreenError, open_screen  # noqa: PLC0415

        session = str(answer.get("session_id"))
        told = {"session": session, "consent": rule.value}
        self._tell("session", self._words(f"begins.{rule.value}", seconds=int(PRESENT_SECONDS)), **told)
        secret = None if rule is Rule.ASK else self._identity.access_secret
        try:
            source = open_screen(self._screen, self._monitor)
        except NoScreenError as error:
            self._tell("failed", self._words("failed", problem=error), session=session)
            return
        try:
            shown = interface_for(_interface(self._lang, rule), rule, lambda: self._say("nobody", "nobody"))
            drawn = self._screen == "drawn"
            ended = await host(
                api, answer, secret, source, self._identity.server, self._lang, drawn=drawn, shown=shown,
                only_by_secret=secret is not None,
            )  # fmt: skip
            self._tell("ended", self._words("ended"), session=session, by=ended.by, reason=ended.reason)
        except (CommandError, ApiError, ServerUnreachableError) as error:
            self._tell("failed", self._words("failed", problem=error), session=session)
        except Exception as error:  # noqa: BLE001 - a bug in one session must not make the device unreachable
            self._tell("failed", self._words("failed", problem=type(error).__name__), session=session)
        finally:
            source.close()

    def _words(self, key: str, **values: object) -> str:
        return translate(f"cli.device.{key}", self._lang, **values)

    def _say(self, event: str, key: str, **values: object) -> None:
        self._tell(event, self._words(key, **values))

    async def _stop(self) -> None:
        if self._session is not None:
            self._session.cancel()
            await asyncio.gather(self._session, return_exceptions=True)


def _interface(lang: str, rule: Rule) -> "CustomerInterface":
    """A window where there is a desktop, else the terminal; where nobody can type and none need be asked, just its lines."""
    from agent.host.ui import choose_interface  # noqa: PLC0415
    from agent.host.ui.terminal import TerminalInterface  # noqa: PLC0415

    chosen = choose_interface(lang)
    if rule is not Rule.ASK and isinstance(chosen, TerminalInterface) and not _can_type():
        return TerminalInterface(lang, keys=NoKeys())
    return chosen


def _can_type() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def platform_name() -> str:
    return f"{platform.system()} {platform.release()}"


def agent_version() -> str:
    try:
        return version("tasuki")
    except PackageNotFoundError:
        return "0"
