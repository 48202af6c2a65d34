"""The torsion of an L-shaped bar: Poisson's equation with a singular corner, by harmonic functions."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

CORNER_WAVES, POWERS = 60, 12
ENDS = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (0.0, -1.0))
"""The corners of the L in turn, the one that points inwards first."""
INWARDS = (0.75 * math.pi, 0.75 * math.pi, -0.75 * math.pi, -0.25 * math.pi, 0.25 * math.pi, 0.75 * math.pi)
"""From each corner along its bisector, into the L."""
WIDEST = 1.5
PLACES = 300
"""On each edge, dense towards its ends."""


def polar(x: Tensor) -> tuple[Tensor, Tensor]:
    """Distance r and angle a (n, 1) of points (n, 2) from the corner that points inwards: a from 0 to 3 pi / 2."""
    angle = torch.atan2(x[:, 1:2], x[:, :1])
    # Rounding leaves points of the first edge a little below it.
    return torch.sqrt(x[:, :1] ** 2 + x[:, 1:2] ** 2), torch.where(angle < -1e-9, angle + 2 * math.pi, angle)


def torsion(x: Tensor) -> Tensor:
    """The u (n, 1) at x (n, 2) with u_xx + u_yy = -1 in the L and u = 0 on its edge, to 1e-10.

    u = -r^2 / 4 + sum_k c_k h_k with harmonic h_k: r^(2 k / 3) sin(2 k a / 3), powers of z, and Re, Im z_j^2 log z_j
    about each corner j; the c_k by least squares on the edge, whose error bounds that inside (maximum principle).

    Source: the method of particular solutions, Fox, Henrici and Moler, SIAM J. Numer. Anal. 4 (1967) 89.
    """
    coefficients = torch.from_numpy(_coefficients()).to(x.device)
    return _particular(x) + torch.cat(_harmonic(x), dim=1) @ coefficients[:, None]


def _particular(x: Tensor) -> Tensor:
    return -(x[:, :1] ** 2 + x[:, 1:2] ** 2) / 4


def _harmonic(x: Tensor) -> list[Tensor]:
    r, a = polar(x)
    functions = [torch.ones_like(r)]
    for k in range(1, CORNER_WAVES + 1):
        functions.append((r / WIDEST) ** (2 * k / 3) * torch.sin(2 * k * a / 3))
    for k in range(1, POWERS + 1):
        functions += [(r / WIDEST) ** k * torch.cos(k * a), (r / WIDEST) ** k * torch.sin(k * a)]
    for (at_x, at_y), inwards in zip(ENDS, INWARDS, strict=True):
        along, across = x[:, :1] - at_x, x[:, 1:2] - at_y
        cosine, sine = math.cos(inwards), math.sin(inwards)
        distance = torch.sqrt(along**2 + across**2)
        # From the bisector, so that no point of the L lies where the angle jumps.
        angle = torch.atan2(cosine * across - sine * along, cosine * along + sine * across)
        logarithm = torch.log(distance.clamp_min(1e-150))
        square, double = distance**2, 2 * angle
        functions.append(square * (logarithm * torch.cos(double) - angle * torch.sin(double)))
        functions.append(square * (logarithm * torch.sin(double) + angle * torch.cos(double)))
    return functions


@lru_cache(maxsize=1)
def _coefficients() -> np.ndarray:
    """The c_k (k,) by which the sum vanishes on the edge."""
    share = (1 - np.cos(np.pi * (np.arange(PLACES) + 0.5) / PLACES)) / 2
    ends = np.array(ENDS)
    edges = [a + share[:, None] * (b - a) for a, b in zip(ends, np.roll(ends, -1, axis=0), strict=True)]
    x = torch.from_numpy(np.vstack(edges))
    matrix = torch.cat(_harmonic(x), dim=1).numpy()
    size = np.linalg.norm(matrix, axis=0)
    return np.linalg.lstsq(matrix / size, -_particular(x).numpy()[:, 0], rcond=1e-14)[0] / size
