"""Conditions that training meets as nearly as it can, where no lift meets them exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.checks.user_code import column, run_user_code
from fieldwright.physics.equations.domain_edges import edges_of
from fieldwright.physics.pinn.deepxde_torch import dde

OwnCondition = Callable[[Tensor, Tensor, Mapping[str, Tensor | float]], Tensor]


@dataclass(frozen=True, eq=False)
class SoftCondition:
    """A condition at fixed points of the boundary, of the start, or inside, whose error is trained towards zero.

    condition: DeepXDE's (DirichletBC, NeumannBC, RobinBC, PeriodicBC, IC, PointSetBC, OperatorBC), or an own function
    error(x, u, c) -> (n, 1), zero where it is met; it may hold coefficients of the equation.
    points: (n, d); of a periodic condition the first half faces the second.
    weight: its mean square error counts so many times as much as the mean square of the relative residual.
    """

    condition: Any
    points: np.ndarray
    weight: float = 1.0

    @property
    def copies(self) -> int:
        """Points that one error is made of: two for a periodic condition, else one."""
        return 2 if isinstance(self.condition, dde.icbc.PeriodicBC) else 1

    def error(
        self,
        solution: Callable[[Tensor, Mapping[str, Tensor | float]], Tensor],
        coefficients: Callable[[Tensor], Mapping[str, Tensor | float]],
        varied: Tensor | None = None,
    ) -> Tensor:
        """Errors (n / copies, 1) of a differentiable solution(x, c), with the coefficients c(x) at its inputs x.

        varied: columns (n, p) of the inputs after the coordinates, if coefficients are varied.
        """
        coordinates = torch.as_tensor(self.points).requires_grad_()
        x = coordinates if varied is None else torch.cat([coordinates, varied], dim=1)
        c = coefficients(x)
        u = solution(x, c)
        is_function = not hasattr(self.condition, "collocation_points")
        subject = "The error of a soft condition" if is_function else f"A {type(self.condition).__name__}"
        error = run_user_code(subject, lambda: self._error(x, u, c, coordinates), c)
        return column(subject, error, len(self.points) // self.copies)

    def _error(self, x: Tensor, u: Tensor, c: Any, coordinates: Tensor) -> Tensor:
        if not hasattr(self.condition, "collocation_points"):
            return self.condition(x, u, c)
        # DeepXDE takes normal derivatives by all the inputs, so it may see the coordinates alone. It remembers a
        # condition's values by the identity of the points: they must live as long as it does, as these do.
        return self.condition.error(self.points, coordinates, u, 0, len(self.points))


def soft(condition: Any, domain: Any, n: int = 64, weight: float = 1.0) -> SoftCondition:
    """A DeepXDE condition at those of about n even points of the boundary, and n of the start, where it holds.

    Even by arc length and area, and the same at every call: see `boundary_points`.
    domain: the geometry, time domain or product that the condition was made with.
    Raises FieldwrightError when it holds at none of them.
    """
    edges = edges_of(domain, n)
    if isinstance(condition, dde.icbc.IC):
        mask = condition.on_initial(edges.points, edges.on_start)
    elif isinstance(condition, dde.icbc.BC):
        mask = condition.on_boundary(edges.points, edges.on_boundary)
    else:  # with points of its own
        return SoftCondition(condition, np.asarray(condition.collocation_points(edges.points), float), weight)
    points = edges.points[np.asarray(mask, dtype=bool)]
    if len(points) == 0:
        raise FieldwrightError(
            f"A {type(condition).__name__} must hold at one point of the boundary or start at least",
            f"none of {n} even points",
            "Correct where it holds, or make a SoftCondition with points of your own",
        )
    if isinstance(condition, dde.icbc.PeriodicBC):
        points = np.vstack([points, condition.geom.periodic_point(points, condition.component_x)])
    elif hasattr(condition, "boundary_normal"):
        # DeepXDE's normals vanish on edges that two parts of a shape share, and there are none of ellipses.
        normals = edges.normals[np.asarray(mask, dtype=bool)]
        condition = copy(condition)
        condition.boundary_normal = lambda x, begin, end, _: torch.as_tensor(normals[begin:end])
    return SoftCondition(condition, points, weight)
