"""`python -m agent` is `tasuki`."""

from agent.cli import main

main()
