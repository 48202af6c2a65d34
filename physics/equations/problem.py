"""One differential equation to be solved by a network: domain, residual, conditions, coefficients, reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.bounding_box import bounding_box
from fieldwright.physics.equations.checks.finite import not_finite
from fieldwright.physics.equations.checks.near import near_domain
from fieldwright.physics.equations.checks.user_code import column, columns, no_coefficient, run_user_code
from fieldwright.physics.equations.conditions import SoftCondition
from fieldwright.physics.pinn.deepxde_torch import dde

if TYPE_CHECKING:
    from fieldwright.physics.pinn.training_plan import TrainingPlan

Coefficients = Mapping[str, Tensor | float]

MOST_DRAWS = 20_000
"""Times that points outside the domain are drawn anew: enough for an inside of a thousandth of its box."""


@dataclass(frozen=True)
class Unknown:
    """A coefficient of an equation: fixed at its value, varied over its range, or estimated from measurements.

    value: in the reference case; low, high: the range of a parametric solution and the start of an estimate (its
    middle); unit: SI, "1" for none.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str = "1"

    def __post_init__(self) -> None:
        if not (np.isfinite([self.value, self.low, self.high]).all() and self.low < self.high):
            raise FieldwrightError(
                f"The coefficient '{self.name}' must have finite numbers with low < high",
                f"value {self.value:g}, low {self.low:g}, high {self.high:g}",
                "Correct its Unknown(name, value, low, high)",
            )


def no_lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """The lift u = N: the network's output is the solution, and every condition is soft."""
    return network


@dataclass(frozen=True, eq=False)
class Problem:
    """An ODE or PDE for u on a domain, with everything that its training and evaluation need.

    x is (n, d + p): the d coordinates, space first and time last, then the p coefficients that are varied, if any.
    A coefficient arrives in `c` by name, as a number or as a column (n, 1). All functions are of torch tensors in
    double precision and differentiable.

    geometry, time: DeepXDE's; one of them may be None.
    residual(x, u, c): one column (n, 1) for each equation, zero for the solution; u (n, m); see `derivative`.
    lift(x, N, c): u (n, m) made of the network's output N (n, m) so that the conditions hold whatever N is.
    conditions: DeepXDE's initial and boundary conditions, which the lift and the reference must meet.
    soft: conditions that no lift meets: they are trained, beside the residual.
    reference(x, c): the solution (n, m), known from elsewhere; None where nothing is known: then nothing is checked.
    features(x): inputs (n, f) of the network, made of the coordinates (n, d); None to scale these to [-1, 1].
    reference_floor, condition_floor: relative residual, and error of the conditions in the unit of u, that the
    reference's own accuracy allows.
    stability(c): C with |u - u_true| <= C |residual|, both root mean squares over the domain, for whatever u meets
    the conditions; None where no theory gives one.
    plan: the training that reaches its best accuracy within ten minutes of one core; None where none was worked out.
    determined: True states that the conditions suffice although their number, against the order of the equation, says
    otherwise, as at singular edges; then they are not counted before the training.
    """

    name: str
    coordinates: tuple[str, ...]
    outputs: tuple[str, ...]
    residual: Callable[[Tensor, Tensor, Coefficients], Sequence[Tensor]]
    reference: Callable[[Tensor, Coefficients], Tensor] | None = None
    lift: Callable[[Tensor, Tensor, Coefficients], Tensor] = no_lift
    conditions: tuple[Any, ...] = ()
    soft: tuple[SoftCondition, ...] = ()
    geometry: Any | None = None
    time: Any | None = None
    unknowns: tuple[Unknown, ...] = ()
    features: Callable[[Tensor], Tensor] | None = None
    reference_floor: float = 1e-9
    condition_floor: float = 1e-9
    stability: Callable[[Mapping[str, float]], float] | None = None
    plan: TrainingPlan | None = None
    determined: bool = False

    def __post_init__(self) -> None:
        if self.geometry is None and self.time is None:
            raise FieldwrightError(
                f"'{self.name}' must have a geometry, a time domain or both",
                "neither",
                "Give one of DeepXDE's",
            )
        if len(self.bounds[0]) != len(self.coordinates):
            raise FieldwrightError(
                f"The coordinates of '{self.name}' must be named one by one, {len(self.bounds[0])} of them",
                ", ".join(self.coordinates),
                "Name those of space first and time last",
            )
        for number, soft in enumerate(self.soft, 1):
            self._check_points(soft.points, number)

    def _check_points(self, points: np.ndarray, number: int) -> None:
        """Raises FieldwrightError for points of a soft condition that are not of this domain."""
        name, d = f"Soft condition {number} of '{self.name}'", len(self.coordinates)
        if np.ndim(points) != 2 or np.shape(points)[1] != d or not len(points):
            raise FieldwrightError(
                f"{name} must have points (n, {d}): {', '.join(self.coordinates)}",
                f"shape {np.shape(points)}",
                "Give one row for each point, one column for each coordinate",
            )
        outside = ~near_domain(self, np.asarray(points, dtype=float))
        if outside.any():
            first = points[np.flatnonzero(outside)[0]].tolist()
            raise FieldwrightError(
                f"{name} must have its points in the domain",
                f"{outside.sum()} of {len(points)} outside, the first at {first}",
                "Correct the points",
            )

    @property
    def domain(self) -> Any:
        """DeepXDE's geometry, time domain, or the product of both."""
        if self.geometry is None:
            return self.time
        return self.geometry if self.time is None else dde.geometry.GeometryXTime(self.geometry, self.time)

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper corner (d,), (d,) of the box round the domain."""
        boxes = [bounding_box(part) for part in (self.geometry, self.time) if part is not None]
        low, high = zip(*boxes, strict=True)
        return np.concatenate(low).astype(float), np.concatenate(high).astype(float)

    @property
    def values(self) -> dict[str, float]:
        """The coefficients of the reference case."""
        return {unknown.name: unknown.value for unknown in self.unknowns}

    def unknown(self, name: str) -> Unknown:
        """The coefficient of that name; raises FieldwrightError when there is none."""
        for unknown in self.unknowns:
            if unknown.name == name:
                return unknown
        raise no_coefficient(f"A coefficient of '{self.name}' must be one of its own", name, self.values)

    def equations(self, x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
        """The residual's columns (n, 1), held to their shapes; raises FieldwrightError."""
        subject = f"The residual of '{self.name}'"
        return columns(subject, run_user_code(subject, lambda: self.residual(x, u, c), c), len(x))

    def lifted(self, x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
        """The lift's u (n, m), held to its shape; raises FieldwrightError."""
        subject = f"The lift of '{self.name}'"
        return column(
            subject, run_user_code(subject, lambda: self.lift(x, network, c), c), len(x), len(self.outputs)
        )

    def expected(self, x: Tensor, c: Coefficients) -> Tensor:
        """The reference's u (n, m), held to its shape; raises FieldwrightError, also when there is none."""
        reference = self.reference
        if reference is None:
            raise FieldwrightError(
                f"'{self.name}' must have a reference to be compared with", "none", "Give its 'reference'"
            )
        subject = f"The reference of '{self.name}'"
        return column(subject, run_user_code(subject, lambda: reference(x, c), c), len(x), len(self.outputs))

    def points(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Random points (n, d), evenly spread over the inside of the domain."""
        low, high = self.bounds
        points = low + (high - low) * rng.random((n, len(low)))
        if self.geometry is not None:
            for _ in range(MOST_DRAWS):
                inside = self.geometry.inside(points[:, : self.geometry.dim])
                if inside.all():
                    break
                again = low + (high - low) * rng.random((np.count_nonzero(~inside), len(low)))
                points[~inside] = again
            else:
                raise FieldwrightError(
                    f"The domain of '{self.name}' must fill a thousandth of the box round it",
                    "an inside that is empty or smaller",
                    "Correct the shape, or give its parts a smaller box",
                )
        return points

    def residual_of(
        self,
        solution: Callable[[Tensor, Coefficients], Tensor],
        points: np.ndarray,
        c: Coefficients | None = None,
    ) -> np.ndarray:
        """Residuals (n, equations) of any differentiable solution(x, c) at points (n, d)."""
        x = torch.from_numpy(np.ascontiguousarray(points, dtype=float)).requires_grad_()
        c = self.values if c is None else c
        dde.grad.clear()
        rows = self.equations(x, solution(x, c), c)
        dde.grad.clear()
        return torch.cat(list(rows), dim=1).detach().numpy()

    def scale(self, points: np.ndarray) -> float:
        """Root mean square residual of the lift alone (N = 0): what relative residuals are relative to.

        Where conditions are soft or the data alone say which solution is meant, N = 0 may solve the equation; then it
        is the residual of a plain wave of the reference's size, one period over the domain in every coordinate.
        Raises FieldwrightError when the lift solves the equation and nothing else pulls the network away from it.
        """
        blank = torch.zeros(len(points), len(self.outputs), dtype=torch.float64)
        scale = _rms(self.residual_of(lambda x, c: self.lifted(x, blank, c), points))
        if 0 < scale < np.inf:
            return scale
        if scale == 0 and self.lift is not no_lift and not self.soft:
            raise FieldwrightError(
                f"The lift of '{self.name}' must not solve the equation by itself",
                "a zero residual for a zero network",
                "Build the initial or boundary values into the lift",
            )
        # Where that is not finite either, the check of the first residuals says why.
        wave = _rms(self.residual_of(self._wave, points))
        return wave if np.isfinite(wave) else 1.0

    def _wave(self, x: Tensor, c: Coefficients) -> Tensor:
        """The lift of a plain wave of the reference's size, or of size 1, one period in every coordinate."""
        low, high = (torch.from_numpy(corner) for corner in self.bounds)
        size = torch.ones(len(self.outputs), dtype=torch.float64)
        if self.reference is not None:
            size = self.expected(x.detach(), c).square().mean(dim=0).sqrt()
        phase = 2 * torch.pi * (x[:, : len(low)] - low) / (high - low)
        return self.lifted(x, size * torch.cos(phase).prod(dim=1, keepdim=True), c)

    def check_reference(self, n: int = 400, seed: int = 0) -> float | None:
        """The relative residual of the reference, None without one; raises FieldwrightError when it does not vanish.

        Checked before any training: a network trained on a wrong equation converges as well as on a right one.
        """
        if self.reference is None:
            return None
        points = self.points(n, np.random.default_rng(seed))
        residuals = self.residual_of(self.expected, points)
        if not np.isfinite(residuals).all():
            raise not_finite(
                f"The residual of the reference of '{self.name}'",
                residuals.sum(axis=1),
                points,
                self.coordinates,
                lambda: self.residual_of(self.expected, points),
            )
        relative = _rms(residuals) / self.scale(points)
        if not relative <= self.reference_floor:
            raise FieldwrightError(
                f"The reference solution of '{self.name}' must satisfy its equation to {self.reference_floor:g}",
                f"a relative residual of {relative:.2g}",
                "Correct the residual or the reference; training would aim at the wrong solution",
            )
        return relative

    def relative_error(
        self, predicted: np.ndarray, points: np.ndarray, c: Coefficients | None = None
    ) -> float:
        """Relative L2 distance ||u - u_ref|| / ||u_ref|| of predictions (n, m) from the reference at points.

        Raises FieldwrightError when there is no reference.
        """
        with torch.no_grad():
            expected = self.expected(torch.from_numpy(points), self.values if c is None else c).numpy()
        return float(np.linalg.norm(predicted - expected) / np.linalg.norm(expected))


def _rms(values: np.ndarray) -> float:
    """Root mean square of those that are finite, infinite where none is."""
    finite = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(np.square(finite)))) if finite.size else np.inf
