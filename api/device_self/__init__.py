"""The side of the device itself: enrolling, proving who it is, waiting for sessions."""
