"""Fixtures for the agent's integration tests."""

from tests.fixtures.xvfb import xvfb

__all__ = ["xvfb"]
