"""The relay against HAProxy, a relay in C, websockify and itself: `python -m bench.relay`."""
