"""Measured values of a solution, from which coefficients are estimated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from data.errors import FieldwrightError
from physics.problem import Coefficients, Problem


@dataclass(frozen=True, eq=False)
class Measurements:
    """Values (n, m) of the solution measured at inputs (n, d + p); NaN where an output was not measured."""

    inputs: np.ndarray
    values: np.ndarray


def measured_on_reference(
    problem: Problem,
    n: int,
    noise: float,
    seed: int,
    outputs: Sequence[str] | None = None,
    c: Coefficients | None = None,
) -> Measurements:
    """The reference at n random points of the domain, with Gaussian noise: for trying how well an inversion works.

    noise: standard deviation in shares of each output's own; outputs: those that are measured, all by itself.
    Raises FieldwrightError when the equation has no reference or no such output.
    """
    if problem.reference is None:
        raise FieldwrightError(
            f"'{problem.name}' must have a reference to be measured", "none", "Measure something else"
        )
    if strange := set(outputs or ()) - set(problem.outputs):
        raise FieldwrightError(
            f"The outputs of '{problem.name}' must be of {', '.join(problem.outputs)}",
            ", ".join(sorted(strange)),
            "Correct the names",
        )
    rng = np.random.default_rng(seed)
    points = problem.points(n, rng)
    with torch.no_grad():
        values = problem.reference(torch.from_numpy(points), problem.values if c is None else c).numpy()
    values = values + noise * values.std(axis=0) * rng.standard_normal(values.shape)
    hidden = [i for i, name in enumerate(problem.outputs) if outputs is not None and name not in outputs]
    values[:, hidden] = np.nan
    return Measurements(points, values)
