"""A trained network with a free correction beside it, to be solved for where the equation is not yet met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fieldwright.physics.equations.measurements import Measurements
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.networks.activation import linear
from fieldwright.physics.pinn.residual_rows import ResidualRows
from fieldwright.physics.pinn.taylor.output_functions import Embed

WAVES = {1: (160, 40.0), 2: (320, 14.0), 3: (400, 8.0)}
"""By the number of inputs: how many random waves a correction is made of, and the fastest, per half of the domain."""
OTHERWISE = (320, 4.0)
STEPS = 15
ENOUGH = 0.02
"""Share of the residual that is left when a correction is done."""
RANK = 1e-11


class CorrectedNetwork(SolutionNetwork):
    """u = lift(x, N(x) + sum_k w_k sin(a_k . z(x) + b_k)): the weights w are free, N is as it was trained.

    z: what the network sees of the coordinates, so that its periods are kept; the lift keeps its conditions. The
    coefficients that are estimated are free too. at: (p,) the one set of varied coefficients that it is for.
    Random waves solve linear equations by least squares to many digits: Chen, Chi, E and Yang, J. Mach. Learn. 1
    (2022) 268.
    """

    def __init__(self, network: SolutionNetwork, at: np.ndarray, seed: int = 0) -> None:
        torch.nn.Module.__init__(self)
        self.problem, self.varied, self.estimated = network.problem, network.varied, network.estimated
        self._dimension, self.eased, self.derivatives = len(self.problem.coordinates), {}, {}
        self._trained, self._at = network, np.asarray(at, dtype=float)
        self.embedding = network.embedding
        n_inputs = network.embedding.branches * network.embedding.size
        count, fastest = WAVES.get(n_inputs, OTHERWISE)
        generator = torch.Generator().manual_seed(seed)
        direction = torch.randn(n_inputs, count, generator=generator, dtype=torch.float64)
        speed = fastest * torch.rand(count, generator=generator, dtype=torch.float64)
        self._slopes = speed * direction / direction.norm(dim=0)
        self._phases = 2 * torch.pi * torch.rand(count, generator=generator, dtype=torch.float64)
        self._no_bias = torch.zeros(1, len(self.problem.outputs), dtype=torch.float64)
        weights = [torch.zeros(count, len(self.problem.outputs), dtype=torch.float64)]
        if self.estimated:
            weights.append(network.weights[-1].detach().clone().cpu())
        self.weights = torch.nn.ParameterList(torch.nn.Parameter(one) for one in weights)

    def output(self, inputs: Tensor, weights: Sequence[Tensor], embed: Embed | None = None) -> Tensor:
        """N (n, m) with the correction."""
        fixed = [one.detach() for one in self._trained.weights]
        z = embed(iter(fixed)) if embed else self.embedding(self.coordinates(inputs), iter(fixed))
        z = z.flatten(1)
        waves = torch.sin(z @ self._slopes + self._phases)
        correction = linear(waves[:, None, :], iter([weights[0].mT, self._no_bias]))
        return self._trained.output(inputs, fixed, embed) + correction[:, 0]

    @property
    def input_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper corner (d + p,), (d + p,): of the domain, at the one set of varied coefficients."""
        low, high = self.problem.bounds
        return np.append(low, self._at), np.append(high, self._at)


@dataclass(frozen=True, eq=False)
class Correction:
    """A corrected network, the relative residual (root mean square) before, and the share of it that is left."""

    network: CorrectedNetwork
    residual: float
    remaining: float

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """The corrected solution (n, m) at points (n, d)."""
        inputs = np.hstack([points, np.tile(self.network._at, (len(points), 1))])
        with torch.no_grad():
            return self.network(torch.from_numpy(inputs)).numpy()


def corrected(
    network: SolutionNetwork,
    at: np.ndarray,
    scale: float,
    measured: Measurements | None = None,
    seed: int = 0,
) -> Correction:
    """Solves J w = -r for the correction at one set of varied coefficients (p,), again until the residual is gone.

    J is the equation linearised about the solution as it stands, r its residual, with soft conditions and
    measurements as in the training; the first step is the linearised defect correction, further ones follow where the
    equation is not linear. scale: what residuals are relative to.
    Source: Stetter, The defect correction principle and discretization methods, Numer. Math. 29 (1978) 425.
    """
    candidate = CorrectedNetwork(network, at, seed)
    rng = np.random.default_rng(seed)
    unknowns = len(candidate.flat())
    equations = len(network.problem.outputs)
    points = candidate.inputs(max(3 * unknowns // equations, 300), rng)
    rows = ResidualRows(candidate, points, scale, measured)
    check = candidate.inputs(400, rng)
    theta = candidate.flat()
    before = _residual(candidate, check, scale)
    best, least = theta, before
    size = float(rows(theta).norm())
    for _ in range(STEPS):
        j, r = rows.jacobian(theta), rows(theta)
        step = torch.linalg.lstsq(j, -r[:, None], rcond=RANK, driver="gelsd").solution[:, 0]
        if not torch.isfinite(step).all():
            break
        factor = 1.0
        while factor > 0.01:
            trial = theta + factor * step
            # Armijo's rule: a decrease in proportion to the step, else slow progress would pass for the end.
            if float(rows(trial).norm()) < (1 - 0.1 * factor) * size:
                break
            factor /= 2
        else:
            break
        theta = trial
        candidate.assign(theta)
        now = _residual(candidate, check, scale)
        if now < least:
            best, least = theta, now
        if now <= ENOUGH * before:
            break
        size = float(rows(theta).norm())
    candidate.assign(best)
    return Correction(candidate, before, least / before if before > 0 else 0.0)


def _residual(network: SolutionNetwork, points: np.ndarray, scale: float) -> float:
    rows = ResidualRows(network, points, scale)
    return float(np.sqrt(np.mean(rows.sizes() ** 2) + rows.condition_error() ** 2))
