"""Structured logs on stderr: one JSON object a line, the event's name first. Never payload, code, ticket or token.

Of an exception the log says its kind and where it came from, never its text: a driver's or a validator's text repeats what was
to be stored. Libraries that log by the standard library come out the same way.
"""

import logging
import sys
import traceback
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from types import TracebackType

import structlog
from structlog.types import EventDict, Processor

from api.settings import Addresses

_NETWORK_BITS = {4: 24, 6: 48}
_FRAMES = 12
_Raised = tuple[type[BaseException], BaseException, TracebackType | None]


def configure_logs() -> None:
    """Set structlog up for the process; what libraries log goes the same way."""
    stamped: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exception,
    ]
    rendered: list[Processor] = [_event_first, structlog.processors.JSONRenderer(default=str)]
    structlog.configure(
        processors=[*stamped, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=stamped,
            processors=[_library, structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


@lru_cache(maxsize=4096)
def shortened(address: str | None, allowed: Addresses) -> str | None:
    """As much of an address as may be kept: nothing, its network (/24, /48), or all of it."""
    if address is None or allowed == "none":
        return None
    if allowed == "whole":
        return address
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return str(ip_network((parsed, _NETWORK_BITS[parsed.version]), strict=False))


def _event_first(_logger: object, _method: str, event: EventDict) -> EventDict:
    return {"event": event.pop("event"), **event}


def _library(_logger: object, _method: str, event: EventDict) -> EventDict:
    """A stable name for everything that libraries say."""
    record = event["_record"]
    return {**event, "event": "library", "logger": record.name, "message": event["event"]}


def _exception(_logger: object, _method: str, event: EventDict) -> EventDict:
    """`exc_info` as kinds, outermost first, and the innermost frames."""
    raised = _raised(event.pop("exc_info", None))
    if raised is None:
        return event
    kinds: list[str] = []
    error: BaseException | None = raised[1]
    while error is not None and len(kinds) < _FRAMES:
        kinds.append(f"{type(error).__module__}.{type(error).__qualname__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    frames = traceback.extract_tb(raised[2])[-_FRAMES:]
    return {**event, "exception": kinds, "frames": [f"{at.filename}:{at.lineno} {at.name}" for at in frames]}


def _raised(given: object) -> _Raised | None:
    if isinstance(given, BaseException):
        return type(given), given, given.__traceback__
    if given is True:
        given = sys.exc_info()
    if isinstance(given, tuple) and given[0] is not None:
        return given
    return None
