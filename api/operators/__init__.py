"""Operators: the people who help, and the policy of each."""
