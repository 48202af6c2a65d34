"""How well measurements determine the coefficients that were estimated from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldwright.physics.equations.measurements import Measurements
from fieldwright.physics.pinn.corrected_network import RANK, Correction
from fieldwright.physics.pinn.noise_weights import misfit_noise
from fieldwright.physics.pinn.residual_rows import ResidualRows


@dataclass(frozen=True)
class CoefficientEstimate:
    """A coefficient's least-squares estimate and its standard error, in its unit; noise: (m,) of each output."""

    value: float
    std: float
    noise: tuple[float, ...]


def coefficient_estimates(
    correction: Correction, scale: float, measured: Measurements, seed: int = 0
) -> dict[str, CoefficientEstimate]:
    """Estimates with standard errors, of a network that was corrected with the measurements.

    Noise e of the measurements moves the least-squares solution by J^+ e, so that

        cov = J^+ S J^+^T,   S = diag(noise^2 weight / n) on the rows of measurements, 0 on those of the equation,

    with J the residuals' Jacobian by the correction and the coefficients. The noise of each output is what was
    stated, else estimated from its misfit, less one degree of freedom for each coefficient.
    """
    network = correction.network
    theta = network.flat()
    points = network.inputs(3 * len(theta) // len(network.problem.outputs), np.random.default_rng(seed))
    rows = ResidualRows(network, points, scale, measured)
    j = rows.jacobian(theta).numpy()
    n = len(measured.values)
    stated = measured.stated_noise
    noise = misfit_noise(network, measured) if stated is None else stated
    is_measured = np.isfinite(measured.values)
    weighted = np.where(is_measured, noise, 0.0) * (measured.weights / n) ** 0.5
    # The rows of measurements are the last ones, output by output.
    errors = weighted.T.ravel()
    inverse = np.linalg.pinv(j, rcond=RANK)[-len(network.estimated) :, -len(errors) :]
    stds = np.sqrt(np.sum((inverse * errors) ** 2, axis=1))
    values = network.estimates()
    estimates = {}
    for name, std in zip(network.estimated, stds, strict=True):
        unknown = network.problem.unknown(name)
        half = (unknown.high - unknown.low) / 2
        estimates[name] = CoefficientEstimate(values[name], float(std * half), tuple(noise.tolist()))
    return estimates
