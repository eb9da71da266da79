"""The agent: what runs on the customer's and the operator's machine (host, viewer, the `tasuki` command)."""
