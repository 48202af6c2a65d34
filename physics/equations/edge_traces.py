"""Which derivatives of a solution at an edge are fixed by a network's form and its soft conditions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fieldwright.physics.equations.conditions import SoftCondition
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.network import SolutionNetwork

NEAR = 0.15
"""Of the domain's size: how far from its point a condition counts for the edge."""


@dataclass(frozen=True, eq=False)
class EdgePlace:
    """Points of an edge, or of two that face each other, and the inward normals there: (ends, d) each."""

    points: np.ndarray
    normals: np.ndarray


class EdgeTraces:
    """Derivatives along normals of random networks, and how soft conditions change with each.

    What all networks of one form have in common, whatever their weights, is held by the lift, the features or the
    periods. varied: (p,) values of the varied coefficients.
    """

    def __init__(self, network: SolutionNetwork, varied: np.ndarray) -> None:
        self._network, self._problem, self._varied = network, network.problem, varied
        low, high = network.problem.bounds
        self._size, self._d = high - low, len(low)
        self._generator = torch.Generator().manual_seed(0)
        self.weights = self.random_weights()
        self._soft: dict[tuple[int, tuple[float, ...]], np.ndarray] = {}

    def jets(
        self, points: np.ndarray, normals: np.ndarray, columns: list[tuple[int, int]], draws: int
    ) -> np.ndarray:
        """Derivatives (draws, n, columns) along the normals at points (n, d), of networks of random weights."""
        n, p = len(points), len(self._varied)
        inputs = torch.from_numpy(np.tile(np.hstack([points, np.tile(self._varied, (n, 1))]), (draws, 1)))
        along = torch.from_numpy(np.tile(np.hstack([normals, np.zeros((n, p))]), (draws, 1)))
        weights = [
            torch.stack(each).repeat_interleave(n, dim=0)
            for each in zip(*(self.random_weights() for _ in range(draws)), strict=True)
        ]
        share = torch.zeros(len(inputs), 1, dtype=torch.float64, requires_grad=True)
        u = self._network.evaluate(inputs + share * along, weights)
        jet_of: dict[tuple[int, int], Tensor] = {}
        for output in {o for o, _ in columns}:
            value = u[:, output, None]
            for order in range(max(k for o, k in columns if o == output) + 1):
                if order:
                    slopes = None
                    if value.requires_grad:
                        (slopes,) = torch.autograd.grad(
                            value.sum(), share, create_graph=True, allow_unused=True
                        )
                    value = torch.zeros_like(share) if slopes is None else slopes
                jet_of[output, order] = value
        jets = torch.cat([jet_of[one] for one in columns], dim=1).detach().numpy()
        return jets.reshape(draws, n, len(columns))

    def soft_rows(self, place: EdgePlace, columns: list[tuple[int, int]]) -> np.ndarray:
        """What soft conditions require of the derivatives at the ends: rows (conditions, ends * columns)."""
        rows = []
        flat = len(place.points) == 2  # ends that face each other are those of a box
        for number, soft in enumerate(self._problem.soft):
            at = [self._nearest(soft, p, n, flat) for p, n in zip(place.points, place.normals, strict=True)]
            half = len(soft.points) // soft.copies
            for index in {k % half for k in at if k is not None}:
                row = np.zeros((len(place.points), len(columns)))
                for end, normal in enumerate(place.normals):
                    k = at[end]
                    if k is None:
                        continue
                    # Of a periodic condition the other of two facing points belongs to the same error.
                    index_here = k if k % half == index else None
                    if index_here is not None:
                        row[end] = self._slopes(number, soft, normal, columns)[index_here]
                rows.append(row.ravel())
        return np.array(rows).reshape(len(rows), len(place.points) * len(columns))

    def slope(self, soft: SoftCondition, normal: np.ndarray, output: int, order: int) -> np.ndarray:
        """How a condition's errors (points,) change with one derivative of one output along a normal."""
        weights = self.weights
        x0 = torch.as_tensor(soft.points, dtype=torch.float64)
        share = torch.ones(len(x0), 1, dtype=torch.float64, requires_grad=True)
        along = torch.as_tensor(normal, dtype=torch.float64)

        def solution(x: Tensor, c: object) -> Tensor:
            z = ((x[:, : self._d] - x0) * along).sum(dim=1, keepdim=True)
            jet = torch.ones_like(z)
            for k in range(order):
                jet = jet * z / (k + 1)
            onto = torch.zeros(1, len(self._problem.outputs), dtype=torch.float64)
            onto[0, output] = 1.0
            return self._network.evaluate(x, weights) + share * jet * onto

        varied = None
        if len(self._varied):
            varied = torch.as_tensor(np.tile(self._varied, (len(x0), 1)))
        dde.grad.clear()
        error = soft.error(solution, lambda x: self._network.coefficients(x, weights), varied)
        slopes = None
        if error.requires_grad:
            (slopes,) = torch.autograd.grad(error.sum(), share, allow_unused=True)
        dde.grad.clear()
        return np.zeros(len(x0)) if slopes is None else slopes[:, 0].numpy()

    def random_weights(self) -> list[Tensor]:
        """Random weights with biases, so that no symmetry of the first ones looks like a condition."""
        weights = []
        for weight in self._network.weights:
            value = torch.randn(weight.shape, generator=self._generator, dtype=torch.float64)
            weights.append(
                value * (1.5 / weight.shape[0] ** 0.5 if weight.dim() > 1 and weight.shape[0] > 1 else 1.0)
            )
        if self._network.estimated:
            weights[-1] = torch.zeros_like(weights[-1])
        return weights

    def _nearest(self, soft: SoftCondition, point: np.ndarray, normal: np.ndarray, flat: bool) -> int | None:
        """The condition's point that counts for a place of the edge, None where none is near."""
        points = np.asarray(soft.points, dtype=float)
        if points.shape[1] != self._d:
            return None
        away = (points - point) / self._size
        across = abs(away @ (normal * self._size)) / np.linalg.norm(normal * self._size)
        on_edge = np.flatnonzero(across <= (1e-6 if flat else NEAR))
        if not len(on_edge):
            return None
        distance = np.linalg.norm(away[on_edge], axis=1)
        radius = NEAR
        if len(on_edge) > 1:
            scaled = points[on_edge] / self._size
            gaps = np.linalg.norm(scaled[:, None] - scaled[None], axis=2)
            gaps[gaps < 1e-9] = np.inf
            nearest = gaps.min(axis=1)
            if np.isfinite(nearest).any():
                radius = max(radius, 2.0 * float(np.median(nearest[np.isfinite(nearest)])))
        best = int(np.argmin(distance))
        return int(on_edge[best]) if distance[best] <= radius else None

    def _slopes(
        self, number: int, soft: SoftCondition, normal: np.ndarray, columns: list[tuple[int, int]]
    ) -> np.ndarray:
        """How a condition's errors change with each derivative along a normal, (points, columns)."""
        key = (number, (*normal.tolist(), *(float(v) for c in columns for v in c)))
        if key not in self._soft:
            slopes = [self.slope(soft, normal, output, order) for output, order in columns]
            self._soft[key] = np.stack(slopes, axis=1)
        return self._soft[key]


def constraints(matrix: np.ndarray, rows: np.ndarray) -> int:
    """How many linear relations hold: of the columns of a matrix (draws, n), and conditions' rows (k, n) beside."""
    _, sizes, basis = np.linalg.svd(matrix, full_matrices=False)
    rank = int(np.count_nonzero(sizes > 1e-7 * max(sizes.max(initial=0.0), 1e-300)))
    count = matrix.shape[1] - rank
    if len(rows) and rank:
        inside = rows @ basis[:rank].T
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        inside = inside / np.where(norms > 0, norms, 1.0)
        count += int(np.linalg.matrix_rank(inside, tol=1e-6))
    return count
