"""What happened, in order: one row per change."""
