"""API keys: scoped, expiring, never more than their maker."""
