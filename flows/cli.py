"""The console script `fieldwright`: its commands, and what becomes of a user's mistakes."""

from __future__ import annotations

import sys

from cyclopts import CycloptsError
from rich.console import Console

from fieldwright.data.errors import FieldwrightError
from fieldwright.flows.command_line import endpoints, pipelines, preparation  # noqa: F401  # register themselves
from fieldwright.flows.command_line.app import app


def main() -> None:
    """Runs the command line; a user's mistake is one sentence on stderr and exit status 2."""
    try:
        app(exit_on_error=False, print_error=False)
    except (FieldwrightError, CycloptsError) as error:
        Console(stderr=True).print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
    except OSError as error:
        # A file of the user's is missing, locked, or on a full disk; the error names it.
        if error.filename is None:
            raise
        Console(stderr=True).print(
            f"error: {_of_a_file(error)}", markup=False, highlight=False, soft_wrap=True
        )
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _of_a_file(error: OSError) -> str:
    return (
        f"The file or folder must be there, and open to this user. Got '{error.strerror}' for '{error.filename}'. "
        "Correct its path or its permissions."
    )


if __name__ == "__main__":
    main()
