"""Registered machines: an operator's computer, known by a key of its own that it proves at each sign-in."""
