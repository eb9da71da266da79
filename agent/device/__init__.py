"""This machine as an enrolled device: its key, its calls to the server, and the loop that waits for operators."""
