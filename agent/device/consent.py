"""How a device asks. The server may only ever ask for more of it, never for less than this machine's own administrator said."""

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import Any, Final, cast

from agent.host.ui.base import CustomerInterface
from agent.host.ui.keys import Keys

PRESENT_SECONDS: Final = 30.0
"""Somebody who does not answer within this time is not there."""


class Rule(Enum):
    """The server's words for it."""

    ASK = "ask"
    ASK_IF_PRESENT = "ask-if-present"
    NEVER = "never"


def rule_for(told: object, *, unattended: bool) -> Rule:
    """What holds here: `told` by the server, if this machine's administrator allowed it; anything else is asking."""
    if not unattended:
        return Rule.ASK
    return next((rule for rule in Rule if rule.value == told), Rule.ASK)


class Unattended:
    """Any interface, but the yes of somebody who need not be there; everything else is the interface's own.

    Only for who is proved by the access key: a host with a `never` or `ask-if-present` takes no other handshake. Where policy
    demands digits nevertheless, who typed them is also asked. A person who is there can still say no, pause and stop.
    """

    def __init__(self, shown: CustomerInterface, rule: Rule, nobody: Callable[[], None]) -> None:
        self._shown, self._rule, self._nobody = shown, rule, nobody
        self._by_digits = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shown, name)

    async def ask_digits(self, *about: Any, **more: Any) -> str:
        """Digits prove nobody's access key: the question that follows is for a person."""
        self._by_digits = True
        return await self._shown.ask_digits(*about, **more)

    async def ask_consent(self, *about: Any, **more: Any) -> bool:
        """With `never` yes; with `ask-if-present` what the person says, or yes when nobody says anything."""
        if self._by_digits:
            said = await self._shown.ask_consent(*about, **more)
            self._by_digits = False
            return said
        if self._rule is Rule.NEVER:
            return True
        try:
            async with asyncio.timeout(PRESENT_SECONDS):
                return await self._shown.ask_consent(*about, **more)
        except TimeoutError:
            self._nobody()
            return True


def interface_for(shown: CustomerInterface, rule: Rule, nobody: Callable[[], None]) -> CustomerInterface:
    """The interface of a session under a rule; `nobody` hears when nobody answered."""
    return shown if rule is Rule.ASK else cast("CustomerInterface", Unattended(shown, rule, nobody))


class NoKeys(Keys):
    """For a terminal interface where nobody can type: a service has no terminal, and its end means nothing."""

    def start(self, on_text: Callable[[str], None], on_end: Callable[[], None]) -> None:
        """Nothing is read."""
