"""Invitations of customers: the session's link by mail."""
