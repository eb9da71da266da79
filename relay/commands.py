"""Commands of the api, brought by a long poll: there is no port on which anybody could give orders."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from relay.api_client import ApiClient, ApiDown, ApiRefused
from relay.backoff import Backoff
from relay.limits import REGISTER_RETRY_SECONDS
from relay.policies import read
from relay.server import RelayServer
from wire.tokens import TokenError

log = structlog.get_logger()


class Commands:
    """Asks, and does what is said: end a session, send a participant out, hand over a policy, drain."""

    def __init__(self, api: ApiClient, server: RelayServer, drain: Callable[[], None]) -> None:
        self._api, self._server, self._drain = api, server, drain
        self._after = 0
        self.caught_up = False
        """Everything said before this process began has been read."""
        self._backoff = Backoff(*REGISTER_RETRY_SECONDS)

    async def run(self) -> None:
        """Poll for ever; what the api cannot answer now is asked again."""
        while True:
            try:
                commands = await (
                    self._api.commands(self._after) if self.caught_up else self._api.commands(self._after, 0)
                )
            except (ApiDown, ApiRefused):
                await asyncio.sleep(self._backoff.failed())
                continue
            self._backoff.succeeded()
            for command in commands:
                self.obey(command)
            self.caught_up = self.caught_up or not commands

    def obey(self, command: dict[str, Any]) -> None:
        """Carry out one command; one that is not understood is logged and passed over."""
        number, kind, session = command.get("id"), command.get("type"), command.get("session_id")
        if isinstance(number, int):
            self._after = max(self._after, number)
        if kind == "end" and isinstance(session, str):
            self._server.end_session(session, str(command.get("by") or "system"), str(command.get("reason") or "ended"))
        elif kind == "kick" and isinstance(session, str) and _is_sender(command.get("sender")):
            self._server.kick(session, command["sender"], str(command.get("by", "operator")))
        elif kind == "policy" and isinstance(session, str) and isinstance(command.get("token"), str):
            self._narrow(session, command["token"])
        elif kind == "drain":
            if self.caught_up:  # else it was meant for the process before this one
                self._drain()
        else:
            log.warning("relay.command_unknown", type=str(kind)[:40])

    def _narrow(self, session: str, token: str) -> None:
        try:
            self._server.narrow(read(session, token))
        except (TokenError, ValueError) as error:
            log.warning("relay.policy_unusable", session=session, error=str(error))


def _is_sender(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 16
