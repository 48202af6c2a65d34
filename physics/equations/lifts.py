"""Lifts for common conditions: solutions that keep a start or the values on an edge, whatever the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.problem import Coefficients
from fieldwright.physics.pinn.deepxde_torch import dde

Lift = Callable[[Tensor, Tensor, Coefficients], Tensor]


def start_lift(start: Callable[[Tensor], Tensor], column: int, settle: float, rates: int = 0) -> Lift:
    """A lift that keeps the start and `rates` time derivatives: u = u0(x) + g(t) N, g = s / (s + tau^(1 + rates)).

    s = t^(1 + rates). start(x): u0 (n, m), with all derivatives by t that are to be kept; column: of the time in x,
    which begins at 0; settle: tau, the time of the fastest change.
    A gate that goes on growing, as s does, trains badly.
    """

    def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
        grown = x[:, column, None] ** (1 + rates)
        return start(x) + grown / (grown + settle ** (1 + rates)) * network

    return lift


def distance_lift(geometry: Any, edge: Callable[[Tensor], Tensor]) -> Lift:
    """A lift that keeps values on the edge: u = g(x) + d(x) N, d smooth, 1 in the middle, zero with a slope there.

        boxes: d = prod_i 4 (x_i - low_i) (high_i - x_i) / (high_i - low_i)^2,   spheres: d = 1 - |x - centre|^2 / r^2

    geometry: DeepXDE's Interval, Rectangle, Hypercube, Disk, Sphere or Hypersphere; edge(x): g (n, m), the values on
    the edge, continued smoothly inside. DeepXDE's own smooth factors fall with the square of the distance, which
    would hold the slope of g too.
    Raises FieldwrightError for another geometry: write its d into a lift of your own.
    Source: Sheng and Yang, PFNN, J. Comput. Phys. 428 (2021) 110085.
    """
    box = isinstance(geometry, (dde.geometry.Interval, dde.geometry.Hypercube))
    if not box and not isinstance(geometry, dde.geometry.Hypersphere):
        raise FieldwrightError(
            "A distance lift must be of an interval, a box, a disk or a sphere",
            type(geometry).__name__,
            "Write u = g(x) + d(x) N with a smooth d that is zero on the edge",
        )
    low, high = geometry.bbox

    def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
        bottom, top = (torch.as_tensor(corner, dtype=x.dtype) for corner in (low, high))
        s = (2 * x[:, : geometry.dim] - bottom - top) / (top - bottom)
        inside = (1 - s**2).prod(dim=1, keepdim=True) if box else 1 - (s**2).sum(dim=1, keepdim=True)
        return edge(x) + inside * network

    return lift
