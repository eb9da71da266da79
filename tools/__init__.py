"""Programs for building and checking this repository."""
