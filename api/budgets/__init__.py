"""Counting what must not happen too often: in memory for one api process, in a table for several."""
