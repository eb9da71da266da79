"""Organisations: tenants, isolated from one another."""
