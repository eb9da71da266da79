"""Customers: whom sessions are about, as far as it is known. Everything about one is sealed under one key."""
