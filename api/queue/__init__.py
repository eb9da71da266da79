"""Customers who wait for whoever is free: who they are, picking one up, refusing one."""
