"""`python -m agent` is `tasuki`; it says what is missing where only a server part is installed."""

import sys


def main() -> None:
    """Run the command line."""
    try:
        from agent.cli import main as command  # noqa: PLC0415 - not every installation has it
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"tasuki: the command line is not part of this installation ({error.name} is missing). Install tasuki[agent], or"
            " start a server part with: python -m api.main, python -m api.admin, python -m relay.main\n"
        )
        raise SystemExit(1) from None
    command()


if __name__ == "__main__":
    main()
