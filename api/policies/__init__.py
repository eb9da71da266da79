"""Policies: what an operator may do, to whom, from where and when; and why."""
