"""Removal of a whole organisation: its keys are destroyed, its rows deleted, and a signed proof stays."""
