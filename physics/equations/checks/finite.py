"""Where numbers cease to be finite: which equation, which expression in the user's code, at which point."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.pinn.deepxde_torch import dde

OURS = (
    str(Path(torch.__file__).parent),
    str(Path(dde.__file__).parent),
    str(Path(__file__).parents[1]),
)
"""Code that a user has not written, except the equations in `physics/problems`."""
PROBLEMS = str(Path(__file__).parents[1] / "problems")


def not_finite(
    subject: str, values: np.ndarray, points: np.ndarray, names: Sequence[str], again: Callable[[], Any]
) -> FieldwrightError:
    """The error of values (n,) that are not finite at points (n, d) with coordinates of these names.

    again: computes them once more, to find the expression.
    """
    bad = ~np.isfinite(values)
    first = points[np.flatnonzero(bad)[0]]
    place = ", ".join(f"{name} = {value:.4g}" for name, value in zip(names, first, strict=False))
    source = expression(again)
    whence = "" if source is None else f", first from {source}"
    return FieldwrightError(
        f"{subject} must be finite",
        f"{bad.sum()} of {len(values)} values that are not{whence}, at {place}",
        "Write it so that it is defined over the whole domain and for every u that the network may give",
    )


def expression(call: Callable[[], Any]) -> str | None:
    """The first operation whose result is not finite though its inputs are, with its line; None if there is none."""
    with _Watch() as watch:
        try:
            call()
        except FieldwrightError:
            return watch.operation
        finally:
            dde.grad.clear()
    return watch.operation


class _Watch(TorchFunctionMode):
    def __init__(self) -> None:
        super().__init__()
        self.operation: str | None = None

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if self.operation is None and _broken(result) and not _broken((args, kwargs or {})):
            name = getattr(func, "__name__", "an operation").strip("_")
            self.operation = f"'{name}'{_line()}"
        return result


def _broken(values: Any) -> bool:
    return any(
        isinstance(one, Tensor) and one.is_floating_point() and not bool(torch.isfinite(one.detach()).all())
        for one in tree_leaves(values)
    )


def _line() -> str:
    """The line of the user's code that is being run."""
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(PROBLEMS) or not file.startswith(OURS):
            text = linecache.getline(file, frame.f_lineno).strip()
            return f" in `{text[:100]}` ({Path(file).name}, line {frame.f_lineno})" if text else ""
        frame = frame.f_back
    return ""
