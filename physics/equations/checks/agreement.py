"""Whether the lift, the reference and the conditions of an equation agree with each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.conditions import SoftCondition, soft
from fieldwright.physics.equations.domain_edges import edge_points
from fieldwright.physics.equations.problem import Coefficients, Problem
from fieldwright.physics.pinn.network import SolutionNetwork

POINTS = 24
ROUNDING = 1e-8
"""Of a lift, in shares of the solution's size: exact formulas in double precision."""
SAME = 1e-6
"""Of a reference, which may be numerical, in shares of its size."""
SAME_SLOPE = 1e-3
"""Of first derivatives of a reference, which are less accurate."""

Solution = Callable[[Tensor, Coefficients], Tensor]


def check_agreement(network: SolutionNetwork) -> None:
    """Raises FieldwrightError for a contradiction between conditions, lift and reference.

    Every listed condition must hold for the lift with several networks, unless conditions are soft and its error
    depends on the network, which training may then remove. Listed and soft ones must hold for the reference. Where
    the lift gives the same values or slopes whatever the network is, the reference must have them too.
    """
    problem = network.problem
    listed = [
        one if isinstance(one, SoftCondition) else soft(one, problem.domain, POINTS)
        for one in problem.conditions
    ]
    lifts = _lifts(network)
    for number, condition in enumerate(listed, 1):
        _hold_lifts(problem, condition, number, lifts)
    if problem.reference is None:
        return
    for kind, conditions in (("Condition", listed), ("Soft condition", problem.soft)):
        for number, condition in enumerate(conditions, 1):
            _hold_reference(problem, condition, f"{kind} {number}")
    _hold_pinned(problem, lifts)


def _lifts(network: SolutionNetwork) -> list[Solution]:
    """The lift with a network of zeros, and with two random ones."""
    theta = network.flat()
    generator = torch.Generator("cpu").manual_seed(0)
    draw = torch.randn(len(theta), generator=generator, dtype=torch.float64, device="cpu").to(theta)
    weights = [network.unflat(one) for one in (0 * theta, 3 * theta, 3 * theta + 0.3 * draw)]

    def solution(weights) -> Solution:
        def u(x: Tensor, c: Coefficients) -> Tensor:
            if network.varied:
                columns = [
                    torch.full_like(x[:, :1], network.problem.unknown(one).value) for one in network.varied
                ]
                x = torch.cat([x[:, : len(network.problem.coordinates)], *columns], dim=1)
            return network.evaluate(x, weights)

        return u

    return [solution(one) for one in weights]


def _hold_lifts(problem: Problem, condition: SoftCondition, number: int, lifts: list[Solution]) -> None:
    errors, worst = [], 0.0
    for lift in lifts:
        error = _error(condition, lift, problem)
        if not np.isfinite(error).all():
            return  # the check of the first residuals says where
        size = float(np.abs(_values(lift, condition.points, problem)).max())
        worst = max(worst, float(abs(error).max()) / max(problem.condition_floor, ROUNDING * size))
        errors.append(error)
    if worst <= 1:
        return
    spread = max(float(abs(one - errors[0]).max()) for one in errors[1:])
    largest = max(float(abs(one).max()) for one in errors)
    if spread > ROUNDING * largest and problem.soft:
        return
    fixed = spread <= ROUNDING * largest
    i = int(abs(errors[0]).argmax()) if fixed else int(abs(errors[1]).argmax())
    raise FieldwrightError(
        f"{_name(condition, number)} of '{problem.name}' must hold for the lift, whatever the network",
        f"an error of {errors[0 if fixed else 1].ravel()[i]:.3g} at {_place(problem, condition.points[i])}"
        + (", the same for every network" if fixed else ""),
        "Correct the lift or the condition"
        if fixed
        else "Build it into the lift, or train it as a soft condition",
    )


def _hold_reference(problem: Problem, condition: SoftCondition, name: str) -> None:
    error = _error(condition, problem.expected, problem)
    if not np.isfinite(error).all():
        return  # a derivative at a corner, say: no contradiction
    size = float(np.abs(_values(problem.expected, condition.points, problem)).max())
    largest = float(abs(error).max())
    if largest <= max(problem.condition_floor, SAME * size):
        return
    i = int(abs(error).argmax())
    raise FieldwrightError(
        f"{name} of '{problem.name}' must hold for its reference",
        f"an error of {error.ravel()[i]:.3g} at {_place(problem, condition.points[i])}",
        "Correct the reference or the condition; they are of different solutions",
    )


def _hold_pinned(problem: Problem, lifts: list[Solution]) -> None:
    """Where lifts of all networks agree on the edge, the reference must agree with them."""
    points = edge_points(problem.domain, POINTS)
    names = ["the value"] + [f"the slope along {name}" for name in problem.coordinates]
    reference_jets = _jets(problem.expected, points, problem)
    lift_jets = [_jets(lift, points, problem) for lift in lifts]
    sizes = abs(reference_jets).max(axis=0)
    for k, name in enumerate(names):
        for j, output in enumerate(problem.outputs):
            pinned = np.ptp([one[:, k, j] for one in lift_jets], axis=0) <= ROUNDING * max(
                float(max(abs(one[:, k, j]).max() for one in lift_jets)), 1e-300
            )
            gap = abs(lift_jets[0][:, k, j] - reference_jets[:, k, j])
            share = SAME if k == 0 else SAME_SLOPE
            allowed = max(problem.condition_floor * (1 if k == 0 else 100), share * float(sizes[k, j]))
            wrong = pinned & np.isfinite(gap) & (gap > allowed)
            if wrong.any():
                i = int(np.flatnonzero(wrong)[0])
                raise FieldwrightError(
                    f"The lift of '{problem.name}' must agree with the reference where no network changes it",
                    f"{lift_jets[0][i, k, j]:.4g} against {reference_jets[i, k, j]:.4g} for {name} of {output} at "
                    f"{_place(problem, points[i])}",
                    "Correct the lift or the reference; they are of different solutions",
                )


def _jets(solution: Solution, points: np.ndarray, problem: Problem) -> np.ndarray:
    """Values and first derivatives (n, 1 + d, m), NaN where they are not finite."""
    x = torch.as_tensor(points).requires_grad_()
    u = solution(x, problem.values)
    columns = []
    for j in range(u.shape[1]):
        slope = torch.zeros_like(x)
        if u.requires_grad:
            (gradient,) = torch.autograd.grad(u[:, j].sum(), x, retain_graph=True, allow_unused=True)
            slope = slope if gradient is None else gradient
        columns.append(torch.cat([u[:, j, None], slope], dim=1).detach())
    jets = torch.stack(columns, dim=2).cpu().numpy()
    return np.where(np.isfinite(jets), jets, np.nan)


def _values(solution: Solution, points: np.ndarray, problem: Problem) -> np.ndarray:
    return np.nan_to_num(solution(torch.as_tensor(points), problem.values).detach().cpu().numpy())


def _error(condition: SoftCondition, solution: Solution, problem: Problem) -> np.ndarray:
    return condition.error(solution, lambda _: problem.values).detach().cpu().numpy()


def _name(condition: SoftCondition, number: int) -> str:
    kind = type(condition.condition).__name__
    return f"Condition {number}" + ("" if kind == "function" else f" ({kind})")


def _place(problem: Problem, point: np.ndarray) -> str:
    return ", ".join(f"{name} = {value:.4g}" for name, value in zip(problem.coordinates, point, strict=True))
