"""Which optimiser a run takes by its size, and why."""

from __future__ import annotations

from typing import Literal

Name = Literal[
    "levenberg_marquardt", "natural_gradient", "ssbroyden", "lbfgs", "gauss_newton", "soap", "adam"
]

DENSE = 4000  # the smaller side of the Jacobian: its Cholesky factor takes about a second on one core
ENTRIES = 2 * 10**8  # of a Jacobian in memory: 1.6 GB
QUASI_NEWTON = 10_000  # weights: a dense inverse Hessian of 0.8 GB
MATRIX_FREE = 200_000  # weights: beyond them a sketch and a hundred products a step no longer pay


def optimiser_for(weights: int, rows: int) -> tuple[Name, str]:
    """The name of the optimiser for so many weights and residuals, and the reason in a sentence."""
    if min(weights, rows) <= DENSE and weights * rows <= ENTRIES:
        return "levenberg_marquardt", (
            f"{weights} weights and {rows} residuals: the Jacobian fits, and its least-squares steps converge fastest"
        )
    if weights <= QUASI_NEWTON:
        return "ssbroyden", (
            f"{weights} weights and {rows} residuals: too many for the Jacobian, few enough for an inverse Hessian"
        )
    if weights <= MATRIX_FREE:
        return "gauss_newton", (
            f"{weights} weights: too many for a matrix; Gauss-Newton steps from products with the Jacobian"
        )
    return (
        "soap",
        f"{weights} weights: too many for second-order steps; Adam in the eigenbasis of its gradients",
    )
