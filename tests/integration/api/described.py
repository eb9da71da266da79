"""The OpenAPI document, made once in a process: it takes a second, and every worker reads it to know its tests."""

import functools
from typing import Any

from api.app import describe_only


@functools.cache
def openapi_document() -> dict[str, Any]:
    """To be read only."""
    return describe_only()
