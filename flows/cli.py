"""The console script `fieldwright`: its commands, and what becomes of a user's mistakes."""

from __future__ import annotations

import sys

from cyclopts import CycloptsError
from rich.console import Console

from fieldwright.data.disk import fault
from fieldwright.data.errors import FieldwrightError
from fieldwright.flows.command_line import (  # noqa: F401  # register themselves
    automation,
    endpoints,
    pipelines,
    predictions,
    preparation,
    versions,
    workplace,
)
from fieldwright.flows.command_line.app import app


def main() -> None:
    """Runs the command line; a user's mistake is one sentence on stderr and exit status 2."""
    try:
        app(exit_on_error=False, print_error=False)
    except (FieldwrightError, CycloptsError) as error:
        Console(stderr=True).print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
    except OSError as error:
        # A file of the user's is missing or locked, or its disk is full, of which the error may not name the file.
        sentence = _of_a_file(error)
        if sentence is None:
            raise
        Console(stderr=True).print(f"error: {sentence}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _of_a_file(error: OSError) -> str | None:
    """The sentence for a file that cannot be read or written; None where the error is of something else."""
    path = "what is read or written" if error.filename is None else f"'{error.filename}'"
    cause = fault(error, path, "readable and writable")
    if cause is None:
        return None
    return str(FieldwrightError(cause[0], f"'{error.strerror}'", cause[1]))


if __name__ == "__main__":
    main()
