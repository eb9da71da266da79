"""From rows to the bytes that are hashed."""

from typing import Any

from wire.merkle import leaf_hash
from wire.trail.form import line_bytes

_COLUMNS = ("action", "actor_id", "actor_type", "id", "organization_id", "target_id", "target_type")


def line_of(row: Any) -> bytes:
    """The canonical line of an `AuditEvent`, or of a row with its columns."""
    return line_bytes({name: getattr(row, name) for name in _COLUMNS}, row.time, row.digest)


def leaf_of(row: Any) -> bytes:
    """Its hash."""
    return leaf_hash(line_of(row))
