"""Invitations of operators: a link that works once, with which a new operator sets the first password."""
