"""Signed-in devices: seen and ended by their owner and by administrators."""
