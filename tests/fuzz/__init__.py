"""Fuzzing: every `fuzz_*.py` here is a target, run by `make fuzz` (FUZZ_SECONDS each, 60 when not said). README.md says how."""
