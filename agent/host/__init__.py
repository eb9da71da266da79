"""The machine whose screen is shown: consent, what the customer sees, capture, input."""
