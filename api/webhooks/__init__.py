"""Outgoing webhooks: endpoints, outbox, delivery."""
