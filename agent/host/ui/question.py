"""Who asks for what: the part of the session statement that a customer is shown."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from agent.host.grants import MODES, SHARED

MAX_SHOWN_NAME: Final = 48
"""Characters of a name, server or feature that are shown; the rest is cut."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the customer must know before a yes. All strings are safe to print: see `shown`."""

    operator: str
    organisation: str
    verified: str
    """How the server knows that the operator is the operator, e.g. ``password``."""
    server: str
    """The server's host name, with its port unless it is the usual one."""
    mode: str
    """``manage``, ``control`` or ``view``; ``share`` or ``present`` where it is the operator's screen that is shown."""
    features: tuple[str, ...] = ()
    recording: str = "off"
    minutes: int | None = None
    """The longest that it may take, rounded up; None where nothing limits it."""
    customer: str = ""
    """Whom the operator helps, where the statement says so."""
    known: bool = True
    """Whether this organisation was here before."""

    shared: bool = False
    """Whether this is the operator's own machine, and the customer looks on."""

    @classmethod
    def from_statement(cls, statement: Mapping[str, Any], server_url: str, *, side: str = "customer") -> "Question":
        """Take it from the payload of a verified session statement.

        Raises `ValueError` when the statement does not say who asks for what: such a session must not start.
        """
        try:
            organisation = statement["organisation"]
            operator = statement["operator"]
            if operator is None:
                operator = {"name": organisation["name"], "verified": "queue"}
            mode, customer = str(statement["mode"]), statement.get("customer")
            question = cls(
                operator=shown(operator["name"]),
                organisation=shown(organisation["name"]),
                verified=shown(operator["verified"]),
                server=server_name(server_url),
                mode=mode,
                features=tuple(shown(feature) for feature in statement.get("features", ())),
                recording=shown(statement.get("recording", "off")),
                minutes=_minutes(statement.get("limits")),
                shared=mode in SHARED and side == "operator",
                customer=shown(customer.get("name") or "") if isinstance(customer, Mapping) else "",
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("the server's statement does not say who asks for what; do not go on") from error
        if mode not in MODES or not question.operator or not question.organisation:
            raise ValueError("the server's statement does not say who asks for what; do not go on")
        return question


def shown(value: object) -> str:
    """A string from elsewhere, on one line, without control, formatting or direction characters, and not too long.

    A name must not be able to clear a terminal, turn the reading direction or push the warning out of sight.
    """
    if not isinstance(value, str):
        raise TypeError("a name is a string")
    kept = "".join(" " if char.isspace() else char for char in value if char.isspace() or _printable(char))
    line = " ".join(kept.split())
    return line if len(line) <= MAX_SHOWN_NAME else line[: MAX_SHOWN_NAME - 1] + "…"


def _minutes(limits: object) -> int | None:
    seconds = limits.get("seconds") if isinstance(limits, dict) else None
    if seconds is None:
        return None
    if not isinstance(seconds, int):
        raise TypeError("a limit is a number of seconds")
    return -(-seconds // 60)


def server_name(url: str) -> str:
    """Host name and unusual port of a URL, as people read it. Raises `ValueError` when there is none.

    Names with letters beyond ASCII are shown in their ASCII form (xn--…), because look-alike letters deceive.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        host = host if host.isascii() else host.encode("idna").decode("ascii")
        port = parts.port
    except ValueError:
        host, port = "", None
    if not host:
        raise ValueError(f"{url!r} is no server address; it starts with https://")
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    return shown(host if port in (None, usual) else f"{host}:{port}")


def _printable(char: str) -> bool:
    return not unicodedata.category(char).startswith("C")
