"""Whether an equation has as many conditions as its order requires, checked before any training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.boundary_points import boundary_points
from fieldwright.physics.equations.domain_edges import edges_of
from fieldwright.physics.equations.edge_traces import EdgePlace, EdgeTraces, constraints
from fieldwright.physics.equations.linearised_operator import LinearisedOperator, conditions_asked
from fieldwright.physics.equations.problem import Problem
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.networks.architecture import Architecture

ALONG = 7
"""Places of an edge at which conditions are counted."""
ROUND = 48
"""Places of a boundary that is no box."""
UNTOUCHED = 0.25
"""Share of the places of an edge that must lack a condition to be named; rounding and corners are less."""
FIXED = 1e-8
"""What hardly changes with the weights, relative to elsewhere, is held by the lift or the features."""


@dataclass(frozen=True)
class Missing:
    """An edge that lacks conditions: where, how many are required and present, and the derivatives left free."""

    where: str
    required: int
    present: int
    free: tuple[str, ...]

    def __str__(self) -> str:
        names = " or ".join(self.free)
        return f"nothing holds {names} {self.where} ({self.present} of {self.required} conditions)"


def check_determined(
    problem: Problem, architecture: Architecture, varied: Sequence[str] = (), estimated: Sequence[str] = ()
) -> None:
    """Raises FieldwrightError naming every edge and every initial derivative that lacks a condition.

    Conditions are what the lift, the network's features and periods hold, and the soft ones. Equations whose count
    does not say how many they need state `determined = True`.
    """
    if problem.determined:
        return
    missing = missing_conditions(problem, architecture, varied, estimated)
    if missing:
        raise FieldwrightError(
            f"'{problem.name}' must have as many conditions as its order asks for",
            "; ".join(map(str, missing)),
            "Add them to the lift, to 'soft' or as a period of the network, or state 'determined = True' where the "
            "equation needs no more",
        )


def missing_conditions(
    problem: Problem, architecture: Architecture, varied: Sequence[str] = (), estimated: Sequence[str] = ()
) -> tuple[Missing, ...]:
    """Every edge that lacks conditions; () where all have them, or where the equation does not let them be counted.

    Edges come before constants: an output known only up to a constant is named where no edge lacks anything.
    """
    # What a network holds whatever its weights does not hang on its width.
    hidden = tuple(min(width, 8) for width in architecture.hidden)
    fourier = architecture.fourier and replace(architecture.fourier, count=min(architecture.fourier.count, 8))
    small = replace(architecture, hidden=hidden, fourier=fourier)
    return _Count(SolutionNetwork(problem, small, 0, varied, estimated)).missing()


@dataclass(frozen=True)
class _Lack:
    """Conditions required and present, of each end how many more are present than required, and what is free."""

    required: int
    present: int
    surplus: list[int]
    free: list[tuple[str, ...]]


class _Count:
    def __init__(self, network: SolutionNetwork) -> None:
        self._network, self._problem = network, network.problem
        self._rng = np.random.default_rng(0)
        self._low, self._high = self._problem.bounds
        self._size = self._high - self._low
        self._d = len(self._low)
        middle = [
            (u.low + u.high) / 2 + 0.05 * (u.high - u.low) for u in map(self._problem.unknown, network.varied)
        ]
        self._varied = np.array(middle)
        self._traces = EdgeTraces(network, self._varied)
        self._draws = [self._traces.weights, self._traces.random_weights()]

    def missing(self) -> tuple[Missing, ...]:
        problem = self._problem
        missing: list[Missing] = []
        geometry = problem.geometry
        space = self._d - (problem.time is not None)
        box = geometry is not None and isinstance(geometry, dde.geometry.Interval | dde.geometry.Hypercube)
        for axis in range(self._d):
            if axis >= space or box:
                missing += self._along(axis, is_time=axis >= space)
        if geometry is not None and not box:
            missing += self._round(space)
        if not missing:
            missing += self._constants()
        return tuple(missing)

    def _along(self, axis: int, is_time: bool) -> list[Missing]:
        """What lacks at the two ends of a coordinate."""
        places = []
        for point in self._problem.points(ALONG, self._rng):
            # Away from the corners, where two edges meet.
            centre = (self._low + self._high) / 2
            ends = np.tile(centre + 0.8 * (point - centre), (2, 1)) if not is_time else np.tile(point, (2, 1))
            ends[0, axis], ends[1, axis] = self._low[axis], self._high[axis]
            normals = np.zeros((2, self._d))
            normals[0, axis], normals[1, axis] = 1.0, -1.0
            places.append(EdgePlace(ends, normals))
        lacking = [one for one in self._counted(places, is_time) if one is not None]
        if len(lacking) <= UNTOUCHED * len(places):
            return []
        name = self._problem.coordinates[axis]
        one = lacking[len(lacking) // 2]
        missing = []
        for end in (0,) if is_time else (0, 1):
            if is_time or one.surplus[end] < 0 or min(one.surplus) >= 0:
                value = (self._low, self._high)[end][axis]
                if one.free[end]:
                    missing.append(
                        Missing(f"at {name} = {value:g}", one.required, one.present, one.free[end])
                    )
        return missing or [Missing(f"along {name}", one.required, one.present, one.free[0])]

    def _round(self, space: int) -> list[Missing]:
        """What lacks on a boundary of any shape."""
        geometry = self._problem.geometry
        edge, outward = boundary_points(geometry, ROUND)
        places = []
        for point, normal in zip(edge, -outward, strict=True):
            times = self._low[space:] + self._size[space:] * (0.2 + 0.7 * self._rng.random(self._d - space))
            places.append(
                EdgePlace(np.append(point, times)[None], np.append(normal, np.zeros(self._d - space))[None])
            )
        counted = zip(edge, self._counted(places, False), strict=True)
        lacking = [(point, one) for point, one in counted if one is not None]
        if len(lacking) < 2:
            return []
        point, one = lacking[len(lacking) // 2]
        where = ", ".join(
            f"{name} = {value:.3g}" for name, value in zip(self._problem.coordinates, point, strict=False)
        )
        share = len(lacking) / len(edge)
        return [
            Missing(
                f"on {share:.0%} of the boundary, such as at {where}", one.required, one.present, one.free[0]
            )
        ]

    def _counted(self, places: Sequence[EdgePlace], is_time: bool) -> list[_Lack | None]:
        """Of each place what lacks there, None where nothing does."""
        required = self._required(places, is_time)
        orders = np.max([one[2] for one in required], axis=0, initial=0)
        columns = [(o, k) for o, order in enumerate(orders.tolist()) for k in range(order)]
        if not columns or not any(total for total, *_ in required):
            return [None] * len(places)
        draws = 2 * len(places[0].points) * len(columns) + 8
        inner = self._problem.points(8, np.random.default_rng(2))
        points = np.concatenate([*(place.points for place in places), inner])
        normals = np.concatenate(
            [*(place.normals for place in places), np.tile(places[0].normals[0], (len(inner), 1))]
        )
        jets = self._traces.jets(points, normals, columns, draws)
        spread = jets[:, -len(inner) :].std(axis=(0, 1))
        lacking: list[_Lack | None] = []
        ends = len(places[0].points)
        for i, (place, (total, each, _)) in enumerate(zip(places, required, strict=True)):
            matrix = jets[:, i * ends : (i + 1) * ends].reshape(draws, -1)
            counts = self._constraints_of(place, columns, matrix, np.tile(spread, ends)) if total else None
            if counts is None or counts[0] >= total:
                lacking.append(None)
                continue
            n_present, by_end, free = counts
            required_by_end = each or [-(-total // ends)] * ends
            lacking.append(
                _Lack(total, n_present, [a - b for a, b in zip(by_end, required_by_end, strict=True)], free)
            )
        return lacking

    def _required(
        self, places: Sequence[EdgePlace], is_time: bool
    ) -> list[tuple[int, list[int], np.ndarray]]:
        """Of each place the conditions that its ends require, together and one by one, and orders of outputs."""
        # Close to the edge, not on it: there coefficients may vanish or be infinite.
        near = np.concatenate(
            [
                point + np.outer((1e-3, 1e-5), normal * self._size)
                for place in places
                for point, normal in zip(place.points, place.normals, strict=True)
            ]
        )
        choices = []
        for weights in self._draws:
            operator, at, of_places = self._operator(near, weights), 0, []
            for place in places:
                each, orders = [], np.zeros(len(self._problem.outputs), int)
                for normal in place.normals:
                    waves = self._waves(normal, is_time)
                    scaled = normal * self._size / np.linalg.norm(normal * self._size)
                    first, second = (operator.characteristic(k, scaled, waves) for k in (at, at + 1))
                    if first is None or second is None:
                        each.append((0, 0, 0))
                        at += 2
                        continue
                    orders = np.maximum(orders, operator.output_orders(at, scaled, waves))
                    # A singular end, such as the axis of a cylinder, is held by its regularity.
                    kinds = [abs(p[:-1]).max(initial=0.0) / abs(p[-1]) for p in (first, second)]
                    singular = len(first) != len(second) or kinds[1] > 30 * max(kinds[0], 1e-12)
                    alone = None if is_time or self._d == 1 else conditions_asked(first)
                    each.append((len(first) - 1, alone, int(singular)))
                    at += 2
                ends = [edge - singular for _, edge, singular in each if edge is not None]
                of_places.append((self._total(each), ends if len(ends) == len(each) else [], orders))
            choices.append(of_places)
        return [min(options, key=lambda one: one[0]) for options in zip(*choices, strict=True)]

    def _total(self, each: Sequence[tuple[int, int | None, int]]) -> int:
        if all(edge is not None for _, edge, _ in each):
            return sum(max(edge - singular, 0) for _, edge, singular in each if edge is not None)
        if len(each) == 2:
            return max(each[0][0] - sum(singular for *_, singular in each), 0)
        degree, _, singular = each[0]
        return max(degree // 2 - singular, 0)

    def _waves(self, normal: np.ndarray, is_time: bool) -> np.ndarray:
        """Fast waves along the edge that grow with the time: they take the equation's leading terms alone."""
        waves = 1j * 40.0 * (1 + np.random.default_rng(1).random(self._d))
        if self._problem.time is not None:
            waves[-1] = 2000.0
        waves = waves.astype(complex)
        waves[normal != 0] = 0.0
        return waves

    def _constraints_of(
        self, place: EdgePlace, columns: list[tuple[int, int]], jets: np.ndarray, scale: np.ndarray
    ) -> tuple[int, list[int], list[tuple[str, ...]]] | None:
        """How many conditions hold derivatives (output, order along the normal): of all ends, of each, and the free.

        jets: (draws, ends * columns) of networks of random weights; scale: (ends * columns,) of them elsewhere.
        """
        ends, wide = len(place.points), len(columns)
        if not (np.isfinite(jets).all() and np.isfinite(scale).all()):
            return None
        matrix = jets - jets.mean(axis=0)
        stds = matrix.std(axis=0)
        fixed = stds <= FIXED * np.where(scale > 0, scale, 1.0)
        matrix = np.where(fixed, 0.0, matrix / np.where(fixed, 1.0, stds))
        rows = self._traces.soft_rows(place, columns) * np.where(fixed, 0.0, stds)
        n_present = constraints(matrix, rows)
        by_end, free = [], []
        for end in range(ends):
            block = slice(end * wide, (end + 1) * wide)
            others = np.delete(rows, np.arange(end * wide, (end + 1) * wide), axis=1)
            alone = rows[~others.any(axis=1)] if ends > 1 and len(rows) else rows
            by_end.append(constraints(matrix[:, block], alone[:, block]))
            touched = fixed[block] | rows[:, block].any(axis=0)
            axis = int(np.argmax(abs(place.normals[end])))
            free.append(
                tuple(
                    self._name(output, order, axis)
                    for (output, order), is_fixed in zip(columns, touched, strict=True)
                    if not is_fixed
                )
            )
        return n_present, by_end, free

    def _constants(self) -> list[Missing]:
        """Outputs that nothing but their derivatives holds: they are known up to a constant."""
        operator = self._operator(self._problem.points(ALONG, self._rng), self._draws[0])
        order_zero = operator.coefficients[(operator.orders == 0).all(axis=1)][0].reshape(
            -1, len(self._problem.outputs)
        )
        free = []
        everywhere = np.concatenate(
            [self._problem.points(64, self._rng), edges_of(self._problem.domain, 64).points]
        )
        normals = np.tile(np.eye(self._d)[0], (len(everywhere), 1))
        for output, name in enumerate(self._problem.outputs):
            if order_zero[:, output].any() or any(
                self._traces.slope(soft, np.eye(self._d)[0], output, 0).any() for soft in self._problem.soft
            ):
                continue
            spread = self._traces.jets(everywhere, normals, [(output, 0)], 12)[..., 0].std(axis=0)
            if np.isfinite(spread).all() and spread.min() > 1e-6 * spread.max():
                free.append(Missing("anywhere, its derivatives alone are", 1, 0, (name,)))
        return free

    def _operator(self, points: np.ndarray, weights: Sequence[Tensor]) -> LinearisedOperator:
        inputs = np.hstack([points, np.tile(self._varied, (len(points), 1))])
        c = dict(self._problem.values)
        names = self._network.varied
        # Numbers, not columns: the points are repeated for every derivative.
        c |= dict(zip(names, self._varied.tolist(), strict=True))
        c |= {
            name: float(torch.as_tensor(value).reshape(-1)[0])
            for name, value in self._network.coefficients(torch.from_numpy(inputs[:1]), weights).items()
        }
        return LinearisedOperator.at(
            self._problem, lambda x, _: self._network.evaluate(x, weights), inputs, c
        )

    def _name(self, output: int, order: int, axis: int) -> str:
        name = self._problem.outputs[output]
        return f"{name}_{self._problem.coordinates[axis] * order}" if order else name
