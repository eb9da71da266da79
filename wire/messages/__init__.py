"""The bodies of docs/protocol.md 3, 5 and 7: dataclasses with `encode` and a bounds-checked decode."""
