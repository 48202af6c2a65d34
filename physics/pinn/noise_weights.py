"""How much measurements count beside the equation: as their noise deserves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from fieldwright.physics.equations.measurements import Measurements
from fieldwright.physics.pinn.network import SolutionNetwork

MOST = 100.0
"""Weight of exact values, over the variance of the output."""
SHARE = 0.2
"""Of the tolerance, which the rule below gives to noise: on decays and waves it left two and a half times as much."""


def misfit_noise(network: SolutionNetwork, measured: Measurements) -> np.ndarray:
    """Standard deviation (m,) of each output's misfit, less one degree of freedom for each coefficient."""
    with torch.no_grad():
        inputs = torch.as_tensor(measured.inputs, device=network.device)
        gap = network(inputs).cpu().numpy() - measured.values
    is_measured = np.isfinite(gap)
    free = np.maximum(is_measured.sum(axis=0) - len(network.estimated), 1)
    return np.sqrt(np.sum(np.where(is_measured, gap, 0.0) ** 2, axis=0) / free)


def weighed_by_noise(network: SolutionNetwork, measured: Measurements, tolerance: float) -> Measurements:
    """The same measurements, each output with the weight by which noise leaves a residual within the tolerance.

    Noise pulls at every shape of the solution with the force weight noise / sqrt(n), and a shape as large as the
    values' spread costs a relative residual of about one, so that the residual left is weight noise spread / sqrt(n):

        weight = sqrt(n) SHARE tolerance / (noise spread),   no more than `MOST` / spread^2.

    noise: what the misfit shows, and no less than what was stated: as long as the training is rough, the misfit is
    its error and not noise.
    """
    noise = misfit_noise(network, measured)
    if (stated := measured.stated_noise) is not None:
        noise = np.maximum(noise, stated)
    n = np.isfinite(measured.values).sum(axis=0)
    share = np.maximum(noise / measured.spread, 1e-12)
    weight = np.minimum(n**0.5 * SHARE * tolerance / share, MOST) / measured.spread**2
    # An output that was not measured has no misfit to be weighed.
    return replace(measured, weight=tuple(np.where(n > 0, weight, 1.0).tolist()))
