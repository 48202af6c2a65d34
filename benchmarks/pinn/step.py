"""Where the time of a Levenberg-Marquardt step goes, by Taylor series and by nested differentiation.

    python -m benchmarks.pinn.step                       every equation that comes along, with its own network
    python -m benchmarks.pinn.step burgers helmholtz

Milliseconds of one processor core, the median of several: one residual, one Jacobian, J^T J, one solution of the
damped system. "before" is the step with nested differentiation and with torch's Cholesky factor. Neither has the
second residual that bends a step.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch

from fieldwright.physics.equations.problems import load_problems, problem_named
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.optimisers.normal_matrix import NormalMatrix
from fieldwright.physics.pinn.residual_rows import ResidualRows
from fieldwright.physics.pinn.training_plan import TrainingPlan

COLUMNS = (
    "equation",
    "rows",
    "weights",
    "series",
    "residual",
    "nested",
    "Jacobian",
    "nested",
    "J^T J",
    "solution",
    "torch",
    "step",
    "before",
)


def main() -> None:
    """Prints a line for each equation."""
    parser = argparse.ArgumentParser("benchmarks.pinn.step", description=__doc__)
    parser.add_argument("problems", nargs="*", default=sorted(load_problems()))
    parser.add_argument("--repeat", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"| {' | '.join(COLUMNS)} |", "|---" + "|---:" * (len(COLUMNS) - 1) + "|", sep="\n")
    for name in options.problems:
        print(line(name, options.repeat), flush=True)


def line(name: str, repeat: int) -> str:
    """The line of one equation."""
    problem = problem_named(name)
    plan = problem.plan or TrainingPlan()
    network = SolutionNetwork(problem, plan.architecture, seed=0)
    points = network.inputs(plan.sampling.points, np.random.default_rng(0))
    theta, scale = network.flat(), problem.scale(points)
    series, nested = (ResidualRows(network, points, scale) for _ in range(2))
    nested.differentiate_as_it_stands()
    j = series.jacobian(theta)
    times = [
        milliseconds(work, repeat)
        for work in (
            lambda: series(theta),
            lambda: nested(theta),
            lambda: series.jacobian(theta, out=j),
            lambda: nested.jacobian(theta, out=j),
        )
    ]
    small = j if len(j) >= len(theta) else j.T
    right, mu = small.T @ torch.ones(len(small), dtype=torch.float64), 1e-3 * float(j.square().sum())
    normal = NormalMatrix(small)
    product = milliseconds(lambda: NormalMatrix(small), repeat)
    solution = milliseconds(lambda: solved(normal, right, mu), repeat)
    full = small.T @ small
    by_torch = milliseconds(lambda: solved_by_torch(full, right, mu), repeat)
    # An accelerated step takes one more residual and one more product with J than a plain one.
    step, before = times[0] + times[2] + product + solution, times[1] + times[3] + product + by_torch
    indices = network.derivatives["equation"]
    shown = " | ".join(f"{value:.1f}" for value in (*times, product, solution, by_torch, step, before))
    return f"| {name} | {len(j)} | {len(theta)} | {len(indices.all) if indices else '-'} | {shown} |"


def solved(normal: NormalMatrix, right: torch.Tensor, mu: float) -> torch.Tensor:
    """The solution of the damped system."""
    inverse = normal.damped(mu)
    assert inverse is not None
    return inverse(right)


def solved_by_torch(full: torch.Tensor, right: torch.Tensor, mu: float) -> torch.Tensor:
    """The solution of the damped system by torch's Cholesky factor."""
    damped = full.clone()
    damped.diagonal().add_(mu)
    return torch.cholesky_solve(right[:, None], torch.linalg.cholesky(damped))


def milliseconds(work: Callable[[], object], repeat: int) -> float:
    """Processor time of one call, the median of `repeat` after one that does not count."""
    work()
    times = []
    for _ in range(repeat):
        before = time.process_time()
        work()
        times.append(time.process_time() - before)
    return 1e3 * float(np.median(times))


if __name__ == "__main__":
    main()
