"""Structured logs on stderr: one JSON line per event, the event's name first. Never payload, code, ticket or token."""

import logging
import sys

import structlog


def _event_first(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    return {"event": event.pop("event"), **event}


def configure_logs() -> None:
    """Set structlog up for the process; libraries' warnings go the same way."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _event_first,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format='{"event": "library", "message": "%(message)s"}'
    )
