"""Receipts of sessions: the host's word is taken, the receipt made once and signed, and given to both sides."""
