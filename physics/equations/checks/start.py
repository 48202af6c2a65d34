"""Whether a training can begin: finite residuals and slopes with the first weights, coefficients that are used."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.checks.finite import not_finite
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.residual_rows import ResidualRows


def check_start(rows: ResidualRows, held_out: ResidualRows) -> None:
    """Raises FieldwrightError when a residual, a condition or a slope of theirs is not finite with the first weights.

    Such a training could take no step: the gradient of its loss has no numbers. On held-out points only what is not
    finite for opposite networks too counts: no training would mend it.
    """
    network = rows.network
    theta = network.flat().requires_grad_()
    names = network.problem.coordinates + network.varied
    pieces = rows.terms(theta)
    for name, piece in pieces.items():
        if not torch.isfinite(piece).all():
            raise not_finite(
                f"{_title(name)} of '{network.problem.name}'",
                piece.detach().cpu().numpy(),
                rows.inputs_of(name),
                names,
                lambda: rows.terms(theta),
            )
    for name, piece in held_out.terms(theta.detach()).items():
        if name.startswith("equation") and not torch.isfinite(piece).all():
            opposite = held_out.terms(-theta.detach())[name]
            values = torch.where(torch.isfinite(opposite), 0.0, piece).detach().cpu().numpy()
            if not np.isfinite(values).all():
                raise not_finite(
                    f"{_title(name)} of '{network.problem.name}'",
                    values,
                    held_out.inputs_of(name),
                    names,
                    lambda: held_out.terms(theta.detach()),
                )
    loss = torch.cat(list(pieces.values())).square().sum()
    (slope,) = torch.autograd.grad(loss, theta)
    if not torch.isfinite(slope).all():
        raise FieldwrightError(
            f"The residual of '{network.problem.name}' must have finite derivatives by u",
            "values that are finite and slopes that are not, as those of a root or a power at zero",
            "Write it without such a point, sqrt(u**2 + 1e-12), say, or with a lift that keeps u away from it",
        )


def check_used(network: SolutionNetwork, names: Sequence[str]) -> None:
    """Raises FieldwrightError for a coefficient, varied or estimated, that changes no equation, lift or condition."""
    problem = network.problem
    points = problem.points(50, np.random.default_rng(0))
    x = torch.as_tensor(points)
    for name in names:
        one = problem.unknown(name)
        at_ends = [_values(network, x, {**problem.values, name: value}) for value in (one.low, one.high)]
        if torch.equal(*(torch.nan_to_num(values) for values in at_ends)):
            raise FieldwrightError(
                f"The coefficient '{name}' must stand in the residual, the lift or a soft condition of "
                f"'{problem.name}' to be varied or estimated",
                "the same values at both ends of its range",
                f"Use c['{name}'] there, or leave it out",
            )


def _values(network: SolutionNetwork, x: torch.Tensor, c: dict[str, float]) -> torch.Tensor:
    """Residuals, solution and errors of soft conditions of a smooth function, with these coefficients."""
    problem = network.problem

    def solution(inputs: torch.Tensor, c) -> torch.Tensor:
        waves = torch.sin(inputs[:, : len(problem.coordinates)].sum(dim=1, keepdim=True) + 0.3)
        return problem.lifted(inputs, waves * torch.arange(1, len(problem.outputs) + 1), c)

    inputs = x.clone().requires_grad_()
    u = solution(inputs, c)
    columns = [u, *problem.equations(inputs, u, c)]
    columns += [soft.error(solution, lambda _: c) for soft in problem.soft]
    return torch.cat([one.detach().reshape(-1) for one in columns])


def _title(name: str) -> str:
    kind, number = name.split()
    return {"equation": "Equation", "condition": "Soft condition", "measurement": "Misfit"}[
        kind
    ] + f" {number}"
