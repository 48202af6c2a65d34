"""Physics-informed training: a short Adam run by DeepXDE, then Levenberg-Marquardt on re-sampled points."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch

from data.errors import FieldwrightError
from physics.deepxde_torch import dde
from physics.network import SolutionNetwork
from physics.networks.architecture import Architecture
from physics.optimisers.levenberg_marquardt import levenberg_marquardt
from physics.problem import Problem
from physics.residual_rows import Measurements, ResidualRows

CANDIDATES_PER_POINT = 10
HELD_OUT = 4000
CONSTANT = 1e-3  # a solution whose values span less than this, relative to the largest, is a constant


Verdict = Literal["converged", "collapsed", "not converged"]


@dataclass(frozen=True)
class TrainingPlan:
    """How to train: network, points, and effort.

    hidden: neurons of each layer; points: collocation points; adam_steps at adam_rate; then at most `rounds` of
    lm_steps each, with new points before each; tolerance: the relative residual on held-out points that is success.
    """

    hidden: tuple[int, ...] = (20, 20, 20)
    points: int = 1000
    adam_steps: int = 500
    adam_rate: float = 2e-3
    rounds: int = 6
    lm_steps: int = 100
    tolerance: float = 1e-4


@dataclass(frozen=True, eq=False)
class Pinn:
    """A trained network and how far it can be trusted.

    residual: relative root-mean-square residual on points that training never saw (1: no better than the lift alone).
    verdict: "collapsed" when the solution is a constant, whatever its residual; else "converged" when the residual is
    within the plan's tolerance, and "not converged" when it is not. Only "converged" is success.
    estimates: the coefficients that were to be estimated; history: (seconds, residual) after Adam and every round.
    """

    network: SolutionNetwork
    residual: float
    verdict: Verdict
    estimates: dict[str, float]
    history: tuple[tuple[float, float], ...] = field(default=())

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """u (n, m) at inputs (n, d + p): coordinates, then the varied coefficients."""
        with torch.no_grad():
            return self.network(torch.from_numpy(np.ascontiguousarray(inputs, dtype=float))).numpy()


def train(
    problem: Problem,
    plan: TrainingPlan,
    seed: int,
    varied: Sequence[str] = (),
    estimated: Sequence[str] = (),
    measured: Measurements | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Pinn:
    """Solves an equation, over ranges of the coefficients `varied`, or for those to be `estimated` from measurements.

    The reference's residual is checked first. Training goes on, round by round, until the residual on held-out points
    is within the tolerance or the rounds are used up; the best round is kept.
    progress: called with the stage's name and the held-out residual.
    Raises FieldwrightError when the reference fails, or when there is something to estimate but nothing measured.
    """
    if estimated and measured is None:
        raise FieldwrightError(
            f"Measurements must be given to estimate {', '.join(estimated)}", "none", "Pass 'measured'"
        )
    problem.check_reference()
    start = time.process_time()
    rng = np.random.default_rng(seed)
    network = SolutionNetwork(problem, Architecture(plan.hidden), seed, varied, estimated)
    held_out = network.inputs(HELD_OUT, rng)
    scale = problem.scale(held_out[:, : len(problem.coordinates)])
    report = progress or (lambda stage, residual: None)
    history: list[tuple[float, float]] = []
    best, best_theta = np.inf, network.flat()

    def judge(stage: str) -> None:
        nonlocal best, best_theta
        residual = _root_mean_square(network, held_out, scale)
        history.append((time.process_time() - start, residual))
        report(stage, residual)
        if residual < best:
            best, best_theta = residual, network.flat()

    points = network.inputs(plan.points, rng)
    _adam(network, points, scale, measured, plan)
    judge("Adam")
    damping = None
    for number in range(1, plan.rounds + 1):
        if best <= plan.tolerance:
            break
        rows = ResidualRows(network, points, scale, measured)
        found = levenberg_marquardt(rows, rows.jacobian, network.flat(), steps=plan.lm_steps, damping=damping)
        network.assign(found.theta)
        damping = found.damping
        judge(f"round {number}")
        points = _resampled(network, plan.points, scale, rng)
    network.assign(best_theta)

    with torch.no_grad():
        values = network(torch.from_numpy(held_out)).numpy()
    verdict = _verdict(values, best, plan.tolerance)
    return Pinn(network, best, verdict, network.estimates(), tuple(history))


def _adam(
    network: SolutionNetwork,
    points: np.ndarray,
    scale: float,
    measured: Measurements | None,
    plan: TrainingPlan,
) -> None:
    """Adam in DeepXDE's own loop, on the same mean squares as the steps after it."""
    problem = network.problem

    def equations(x: torch.Tensor, u: torch.Tensor) -> list[torch.Tensor]:
        coefficients = network.coefficients(x, list(network.weights))
        return [column / scale for column in problem.residual(x, u, coefficients)]

    domain = problem.domain
    if network.varied:  # to DeepXDE, coefficients are further coordinates
        domain = dde.geometry.Hypercube(*network.input_bounds)
    observed = []
    if measured is not None:
        for i in range(len(problem.outputs)):
            there = ~np.isnan(measured.values[:, i])
            observed.append(
                dde.icbc.PointSetBC(measured.inputs[there], measured.values[there, i, None], component=i)
            )
    observed += ResidualRows(network, points, scale).losses()
    model = dde.Model(dde.data.PDE(domain, equations, observed, anchors=points), network)
    model.compile("adam", lr=plan.adam_rate, verbose=0)
    model.train(iterations=plan.adam_steps, display_every=plan.adam_steps + 1, verbose=0)


def _resampled(network: SolutionNetwork, n: int, scale: float, rng: np.random.Generator) -> np.ndarray:
    """New points (n, d + p), denser where the residual is larger: density |r| / mean |r| + 1.

    Source: Wu, Zhu, Tan, Kartha and Lu, Comput. Methods Appl. Mech. Eng. 403 (2023) 115671 (RAD, k = c = 1).
    """
    candidates = network.inputs(CANDIDATES_PER_POINT * n, rng)
    sizes = ResidualRows(network, candidates, scale).sizes()
    density = sizes / sizes.mean() + 1
    return candidates[rng.choice(len(candidates), n, replace=False, p=density / density.sum())]


def _root_mean_square(network: SolutionNetwork, points: np.ndarray, scale: float) -> float:
    rows = ResidualRows(network, points, scale)
    return float(np.sqrt(np.mean(rows.sizes() ** 2) + rows.condition_error() ** 2))


def _verdict(values: np.ndarray, residual: float, tolerance: float) -> Verdict:
    if np.ptp(values, axis=0).max() <= CONSTANT * abs(values).max():
        return "collapsed"
    return "converged" if residual <= tolerance else "not converged"
