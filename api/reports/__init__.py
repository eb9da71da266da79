"""The history: sign-ins, sessions, their events, and sums of what was used, as pages of JSON or one stream of CSV."""
