"""Which connection is in use: the native one (relay/transport.pyx) where it was built, else its Python twin."""

import os
from typing import TYPE_CHECKING

from relay import websocket

if TYPE_CHECKING or os.environ.get("TASUKI_PURE") == "1":
    Connection = websocket.Connection
else:
    try:
        from relay.transport import Connection
    except (ImportError, ValueError):  # not built, or built for an aiofastnet of another layout
        Connection = websocket.Connection

__all__ = ["Connection"]
