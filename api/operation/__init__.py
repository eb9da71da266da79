"""How the process is, for whoever runs it: facts, readiness, and the listener on which they are asked for."""
