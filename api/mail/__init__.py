"""Mail: queued with what happened, sent afterwards over SMTP."""
