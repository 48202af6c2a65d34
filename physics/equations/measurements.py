"""Measured values of a solution, from which coefficients are estimated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.problem import Coefficients, Problem


@dataclass(frozen=True, eq=False)
class Measurements:
    """Values (n, m) of the solution measured at inputs (n, d + p); NaN where an output was not measured.

    weight: their mean square misfit counts so many times as much as the mean square of the relative residual, of all
    outputs alike or of each (m,); None where it follows from the noise (see `noise_weights`).
    noise: standard deviation in the unit of the outputs, of all alike or of each (m,); None: estimated.
    """

    inputs: np.ndarray
    values: np.ndarray
    weight: float | Sequence[float] | None = None
    noise: float | Sequence[float] | None = None

    @property
    def stated_noise(self) -> np.ndarray | None:
        """(m,) of each output; None where it was not stated."""
        return (
            None if self.noise is None else np.broadcast_to(self.noise, self.values.shape[1:]).astype(float)
        )

    @property
    def weights(self) -> np.ndarray:
        """(m,) of each output: as stated, or one over the variance of its values until more is known."""
        m = self.values.shape[1:]
        if self.weight is not None:
            return np.broadcast_to(self.weight, m).astype(float)
        return 1 / self.spread**2

    @property
    def spread(self) -> np.ndarray:
        """(m,) standard deviation of each output's values; their size where they are all alike, 1 where all are 0."""
        values = np.ma.masked_invalid(self.values)
        size = np.sqrt((values**2).mean(axis=0)).filled(0.0)
        spread = values.std(axis=0).filled(0.0)
        spread = np.where(spread > 1e-9 * size, spread, size)
        return np.where(spread > 0, spread, 1.0)


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


def measured_in_snapshots(
    problem: Problem,
    points: np.ndarray,
    times: np.ndarray,
    values: np.ndarray,
    n: int,
    noise: float,
    seed: int,
) -> Measurements:
    """Random values (n of them), in space and time, of a simulation's snapshots, with Gaussian noise.

    points: (k, d - 1); times: (t,); values: (t, k, m), NaN where an output is not measured; of these, those within
    the equation's domain are drawn. noise: standard deviation in shares of each output's own.
    Raises FieldwrightError when fewer than n lie in the domain.
    """
    at_time, at_point = (index.ravel() for index in np.indices(values.shape[:2]))
    low, high = problem.bounds
    inputs = np.column_stack([points[at_point], times[at_time]])
    inside = np.all((inputs >= low) & (inputs <= high), axis=1)
    if problem.geometry is not None:
        inside &= problem.geometry.inside(inputs[:, : problem.geometry.dim])
    if inside.sum() < n:
        raise FieldwrightError(
            f"The snapshots must hold {n} values in the domain of '{problem.name}'",
            f"{inside.sum()} of {len(inputs)}",
            "Shift the points and times to where the equation holds, or ask for fewer",
        )
    rng = np.random.default_rng(seed)
    indices = rng.choice(np.flatnonzero(inside), n, replace=False)
    sample = values[at_time[indices], at_point[indices]].astype(float)
    spread = np.ma.masked_invalid(sample).std(axis=0).filled(0.0)
    sample += noise * spread * rng.standard_normal(sample.shape)
    return Measurements(inputs[indices], sample)
