"""Rotation of keys while everything runs: new keys at once, old values sealed anew in small batches, then the old keys go."""
