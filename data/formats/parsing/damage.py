"""Turns any failure of a parser on a damaged result file into one ReadError."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fieldwright.data.disk import unreadable
from fieldwright.data.errors import FieldwrightError, ReadError
from fieldwright.data.formats import split_address


def damage_is_a_read_error(method: Callable[..., Any]) -> Callable[..., Any]:
    """A reader's `describe` or `read` whose every failure is a ReadError naming the file and the cause.

    Explicit checks come first; this catches the damage that no check foresees.
    SystemExit is caught too, since some parsers raise it.
    """

    @functools.wraps(method)
    def guarded(reader: Any, path: Path, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(reader, path, *args, **kwargs)
        except FieldwrightError:
            raise
        except (Exception, SystemExit) as error:
            file = split_address(path)[0]
            if isinstance(error, OSError) and (why := unreadable(file, error)) is not None:
                raise why from None
            if not file.exists():
                raise ReadError("The file or folder must exist", str(path), "Correct the path") from None
            cause = " ".join(str(error).split())[:200] or "no reason given"
            raise ReadError(
                f"'{path.name}' must be a whole and undamaged {reader.name} result",
                f"content that cannot be read ({type(error).__name__}: {cause})",
                "Write it again from the solver, or leave this run out",
            ) from error

    return guarded
