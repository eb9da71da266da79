"""What the relay counts: plain integers on the data path, read by relay/metrics.py when somebody asks."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """Totals since the process started. Labels are from fixed sets, never from input."""

    bytes_in: int = 0
    bytes_out: int = 0
    messages_in: int = 0
    messages_out: int = 0
    joins: int = 0
    replaced_latest: int = 0
    cuts: int = 0
    shed: int = 0
    behind: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    """By relay.permissions.Drop, and `text` for texts of unknown type or from viewers."""
    refused: Counter[str] = field(default_factory=Counter)
    """Handshakes, by slug."""
    closed: Counter[str] = field(default_factory=Counter)
    """Connections closed by the relay, by close code's name."""
