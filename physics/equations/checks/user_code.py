"""Runs a user's own functions: their failures become one sentence, and their shapes are checked."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from fieldwright.data.errors import FieldwrightError

T = TypeVar("T")


def run_user_code(subject: str, call: Callable[[], T], coefficients: Mapping[str, Any]) -> T:
    """The result of a user's function; subject: "The residual of 'decay'", say.

    Raises FieldwrightError where it fails; the nearest is named for a coefficient that the equation does not have.
    """
    try:
        return call()
    except (FieldwrightError, MemoryError, torch.OutOfMemoryError):
        raise
    except KeyError as error:
        name = str(error.args[0]) if error.args else ""
        if name in coefficients:
            raise
        raise no_coefficient(
            f"{subject} must use coefficients of the equation", name, coefficients
        ) from error
    except Exception as error:
        raise FieldwrightError(
            f"{subject} must run without an error", f"{type(error).__name__}: {error}", "Correct it"
        ) from error


def no_coefficient(must: str, name: str, names: Mapping[str, Any] | Sequence[str]) -> FieldwrightError:
    """The error of a coefficient that is not there, with the nearest name."""
    valid_names = list(names)
    near = difflib.get_close_matches(name, valid_names, 1, 0.4)
    return FieldwrightError(
        f"{must}: {', '.join(valid_names) or '(none)'}",
        f"'{name}'",
        f"Did you mean '{near[0]}'" if near else "Correct the name, or give it as an Unknown",
    )


def columns(subject: str, rows: Any, n: int) -> list[Tensor]:
    """Residuals as a list of columns (n, 1); raises FieldwrightError where they are anything else."""
    if isinstance(rows, Tensor) or not isinstance(rows, Sequence) or not len(rows):
        raise FieldwrightError(
            f"{subject} must return a list with one column (n, 1) for each equation",
            f"a tensor of shape {tuple(rows.shape)}" if isinstance(rows, Tensor) else repr(rows)[:60],
            "Write return [...]",
        )
    for number, row in enumerate(rows, 1):
        column(f"Equation {number} of {subject[0].lower()}{subject[1:]}", row, n)
    return list(rows)


def column(subject: str, values: Any, n: int, m: int = 1) -> Tensor:
    """Values as they are if they are (n, m); raises FieldwrightError otherwise."""
    if isinstance(values, Tensor) and values.shape == (n, m):
        return values
    got = f"shape {tuple(values.shape)}" if isinstance(values, Tensor) else type(values).__name__
    shape = f"({n}, {m})"
    advice = "Return a tensor with one row for each point"
    if isinstance(values, Tensor) and tuple(values.shape) in {(n,), (n, n)}:
        advice = "Write u[:, :1] and x[:, :1] for u[:, 0] and x[:, 0], which are rows and not columns"
    elif isinstance(values, Tensor) and values.shape[:1] == (n,):
        advice = "Join one column for each output by torch.cat([...], dim=1)"
    raise FieldwrightError(f"{subject} must be of shape {shape} at {n} points", got, advice)
