"""The shared protocol: bytes in, values out. No sockets, no clock, no randomness of its own (docs/protocol.md)."""
