"""Where the time of a Levenberg-Marquardt step goes, by Taylor series and by nested differentiation.

    python -m benchmarks.pinn.step                       every equation that comes along, with its own network
    python -m benchmarks.pinn.step burgers helmholtz

Milliseconds of one processor core, the median of several: one residual, one Jacobian, J^T J, one solution of the damped
system. "before" is the step as it would be with nested differentiation and torch's Cholesky factor.
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

HEADER = "| equation | rows | weights | series | residual | nested | Jacobian | nested | J^T J | solution | torch | step | before |"


def main() -> None:
    """Prints a line for each equation."""
    parser = argparse.ArgumentParser("benchmarks.pinn.step", description=__doc__)
    parser.add_argument("problems", nargs="*", default=sorted(load_problems()))
    parser.add_argument("--repeat", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(HEADER, "|---" + "|---:" * (HEADER.count("|") - 2) + "|", sep="\n")
    for name in options.problems:
        print(line(name, options.repeat), flush=True)


def line(name: str, repeat: int) -> str:
    """The line of one equation."""
    problem = problem_named(name)
    plan = problem.plan or TrainingPlan()
    network = SolutionNetwork(problem, plan.architecture, seed=0)
    points = network.inputs(plan.sampling.points, np.random.default_rng(0))
    theta, scale = network.flat(), problem.scale(points)
    found = {}
    for way in ("series", "nested"):
        rows = ResidualRows(network, points, scale)
        if way == "nested":
            rows.differentiate_as_it_stands()
        r, j = rows(theta), rows.jacobian(theta)
        found[way] = (
            milliseconds(lambda: rows(theta), repeat),
            milliseconds(lambda: rows.jacobian(theta, out=j), repeat),
        )
    small = j if len(r) >= len(theta) else j.T
    normal, right, mu = (
        NormalMatrix(small),
        small.T @ torch.ones(len(small), dtype=torch.float64),
        1e-3 * float(j.square().sum()),
    )
    product = milliseconds(lambda: NormalMatrix(small), repeat)
    solution = milliseconds(lambda: normal.solve(right, mu), repeat)
    full = small.T @ small
    by_torch = milliseconds(lambda: solved_by_torch(full, right, mu), repeat)
    step = sum(found["series"]) + product + solution
    before = sum(found["nested"]) + product + by_torch
    indices = network.derivatives["equation"]
    numbers = (*zip(*found.values(), strict=True),)
    values = [*numbers[0], *numbers[1], product, solution, by_torch, step, before]
    shown = " | ".join(f"{value:.1f}" for value in values)
    return f"| {name} | {len(r)} | {len(theta)} | {len(indices.all) if indices else '-'} | {shown} |"


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
