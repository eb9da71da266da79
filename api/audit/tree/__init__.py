"""The log's tree: every line gets a place that can be proven, and checkpoints of it are signed (docs/audit.md)."""
