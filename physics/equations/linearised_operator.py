"""The linearised equation as coefficients of partial derivatives, and how many conditions its order asks for."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fieldwright.physics.equations.problem import Coefficients, Problem
from fieldwright.physics.pinn.deepxde_torch import dde

HIGHEST = 6
"""The highest order of derivatives that is looked for."""
USUAL = 4
"""Up to here every mixed derivative is looked for; above it only where one of this order occurs."""
NEGLIGIBLE = 1e-11
"""Coefficients of a symbol, relative to its largest, that are rounding."""
CIRCLE = 64
"""Values of a symbol on the unit circle, more than the degree of any of its polynomials."""

Solution = Callable[[Tensor, Coefficients], Tensor]


@dataclass(frozen=True, eq=False)
class LinearisedOperator:
    """L v = sum over q of a_q(x) d^q v: how the residual at points changes with the solution.

    orders: multi-indices (q, d). coefficients: a (q, points, equations, outputs) at each of the points.
    size: (d,) of the domain, by which coordinates are scaled.
    """

    orders: np.ndarray
    coefficients: np.ndarray
    size: np.ndarray

    @classmethod
    def at(
        cls, problem: Problem, solution: Solution, points: np.ndarray, c: Coefficients
    ) -> LinearisedOperator:
        """The operator at points (n, d + p), linearised about a differentiable solution(x, c).

        At a point x0 the function (x - x0)^q / q! has the one derivative d^q, which is 1, and no other: what the
        residual gains with it is a_q(x0), exactly, whatever the residual takes its derivatives by.
        """
        d = len(problem.coordinates)
        low, high = problem.bounds
        every = list(_multi_indices(d, USUAL))
        coefficients = _coefficients(problem, solution, points, every, c)
        highest = [i for i, q in enumerate(every) if sum(q) == USUAL]
        if np.any(coefficients[highest]) or d == 1:
            more = [q for q in _multi_indices(d, HIGHEST) if sum(q) > USUAL]
            coefficients = np.concatenate([coefficients, _coefficients(problem, solution, points, more, c)])
            every += more
        return cls(np.array(every), coefficients, high - low)

    def symbol(self, point: int, normal: np.ndarray, waves: np.ndarray) -> np.ndarray:
        """M (circle, equations, outputs) of d -> lambda normal + waves, with lambda on the unit circle.

        normal, waves: (d,), complex, in units of the domain's size.
        """
        circle = np.exp(2j * np.pi * np.arange(CIRCLE) / CIRCLE)
        slopes = (circle[:, None] * normal + waves) / self.size
        powers = np.prod(slopes[:, None, :] ** self.orders[None], axis=2)
        return np.einsum("cq,qeo->ceo", powers, self.coefficients[:, point])

    def characteristic(self, point: int, normal: np.ndarray, waves: np.ndarray) -> np.ndarray | None:
        """Coefficients, from the constant up, of the polynomial det M(lambda); None where there is none.

        Of more equations than outputs the lowest degree of any choice of them counts.
        """
        symbol = self.symbol(point, normal, waves)
        if not np.isfinite(symbol).all():
            return None
        _, equations, outputs = symbol.shape
        if equations < outputs:
            return None
        size = abs(symbol).max(axis=(0, 2), keepdims=True)
        symbol = symbol / np.where(size > 0, size, 1.0)
        choices = []
        for rows in itertools.islice(itertools.combinations(range(equations), outputs), 20):
            polynomial = _polynomial(np.linalg.det(symbol[:, list(rows)]))
            if len(polynomial):
                choices.append(polynomial)
        return min(choices, key=len) if choices else None

    def output_orders(self, point: int, normal: np.ndarray, waves: np.ndarray) -> np.ndarray:
        """The highest derivative along a normal of each output (outputs,) in any equation."""
        symbol = self.symbol(point, normal, waves)
        _, equations, outputs = symbol.shape
        return np.array(
            [
                max((max(len(_polynomial(symbol[:, e, o])) - 1, 0) for e in range(equations)), default=0)
                for o in range(outputs)
            ]
        )


def conditions_asked(polynomial: np.ndarray) -> int | None:
    """How many conditions an edge asks for: the roots lambda with negative real part, along the inward normal.

    These are the waves that fade into the domain, and the edge alone decides on them. None where roots lie on the
    imaginary axis, so that this count says nothing.
    Source: Kreiss, Comm. Pure Appl. Math. 23 (1970) 277; for elliptic equations Lopatinskii's condition.
    """
    roots = np.roots(polynomial[::-1])
    if len(roots) and np.any(abs(roots.real) < 1e-4 * abs(roots)):
        return None
    return int(np.count_nonzero(roots.real < 0))


def _polynomial(values: np.ndarray) -> np.ndarray:
    """Coefficients, from the constant up, of a polynomial from its values on the unit circle; () of zero."""
    coefficients = np.fft.fft(values) / len(values)
    large = np.flatnonzero(
        abs(coefficients) > NEGLIGIBLE * max(abs(coefficients).max(), np.finfo(float).tiny)
    )
    return coefficients[: large[-1] + 1] if len(large) and abs(coefficients).max() > 0 else coefficients[:0]


def _multi_indices(d: int, highest: int) -> Sequence[tuple[int, ...]]:
    every = itertools.product(range(highest + 1), repeat=d)
    return [q for q in every if sum(q) <= highest]


def _coefficients(
    problem: Problem,
    solution: Solution,
    points: np.ndarray,
    orders: Sequence[tuple[int, ...]],
    c: Coefficients,
) -> np.ndarray:
    """Coefficients a (orders, points, equations, outputs)."""
    outputs, n, d = len(problem.outputs), len(points), len(problem.coordinates)
    x0 = torch.from_numpy(np.tile(points, (len(orders) * outputs, 1)))
    x = x0.clone().requires_grad_()
    exponents = torch.tensor(np.repeat(np.array(orders), outputs * n, axis=0))
    which = torch.tensor(np.tile(np.repeat(np.arange(outputs), n), len(orders)))
    share = torch.ones(len(x), 1, dtype=torch.float64, requires_grad=True)
    jet = torch.ones(len(x), 1, dtype=torch.float64)
    for j in range(d):
        z = x[:, j, None] - x0[:, j, None]
        for k in range(int(exponents[:, j].max())):
            # z^0 would give infinite slopes at z = 0: factors are taken one by one.
            factor = (exponents[:, j, None] > k).to(torch.float64)
            jet = jet * (factor * z / (k + 1) + (1 - factor))
    onto = torch.nn.functional.one_hot(which, outputs).to(torch.float64)
    dde.grad.clear()
    columns = problem.equations(x, solution(x, c) + share * jet * onto, c)
    rows = []
    for column in columns:
        slopes = None
        if column.requires_grad:
            (slopes,) = torch.autograd.grad(column.sum(), share, retain_graph=True, allow_unused=True)
        rows.append(torch.zeros_like(share) if slopes is None else slopes)
    dde.grad.clear()
    each = torch.cat(rows, dim=1).detach().numpy()
    return each.reshape(len(orders), outputs, n, len(columns)).transpose(0, 2, 3, 1)
