"""How closely the parameters of a design were varied: the units in which its runs are about one apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node

DECADES = 40.0
"""Ratio of the 95 % to the 5 % quantile from which on a parameter may have been varied on a logarithmic scale."""
RUNS_PER_LEVEL = 2.0


@dataclass(frozen=True, eq=False)
class ParameterSpacing:
    """Parameters in units of their spacing, so that two levels of one beside twenty of another are neighbours still.

    The unit of a parameter that was varied in levels, each with several runs, is the largest gap between them; of one
    that was varied freely, its spread over the c-th root of the number of runs, c the number of such parameters. A
    parameter over decades, the logarithm of which is more even than itself, is taken as its logarithm.

    first: (m,) one run of each place. logarithmic, levels: (p,) bool. unit: (p,). least: (p,) of the runs.
    """

    first: np.ndarray
    logarithmic: np.ndarray
    levels: np.ndarray
    unit: np.ndarray
    least: np.ndarray

    @classmethod
    def of(cls, runs: np.ndarray) -> Self:
        """Of distinct runs (n, p)."""
        first = np.unique(places(runs), return_index=True)[1]
        x = runs[first]
        least = x.min(axis=0)
        logarithmic = np.array([_decades(column) for column in x.T], dtype=bool)
        u = _on_scale(x, logarithmic, least)
        levels, unit = np.zeros(x.shape[1], dtype=bool), np.ones(x.shape[1])
        for j, column in enumerate(u.T):
            values, counts = np.unique(column, return_counts=True)
            if 1 < len(values) <= len(column) / RUNS_PER_LEVEL:
                levels[j] = True
                repeated = values[counts > 1]
                unit[j] = np.diff(repeated if len(repeated) > 1 else values).max()
        free = np.flatnonzero(~levels & (np.ptp(u, axis=0) > 0.0))
        combinations = len(np.unique(u[:, levels], axis=0)) if levels.any() else 1
        for j in free.tolist():
            low, high = np.quantile(u[:, j], [0.05, 0.95])
            spread = (high - low) / 0.9 or float(np.ptp(u[:, j]))
            unit[j] = spread * max(len(u) / combinations, 1.0) ** (-1.0 / len(free))
        return cls(first, logarithmic, levels, unit, least)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Parameters x (q, p) in these units; a column of zeros where there are none: all runs lie together."""
        return self.on_scale(x) / self.unit if x.shape[1] else np.zeros((len(x), 1))

    def on_scale(self, x: np.ndarray) -> np.ndarray:
        """Parameters x (q, p), those over decades as their logarithms."""
        return _on_scale(x, self.logarithmic, self.least)

    def graph(self, x: Node) -> Node:
        """The parameters x (p,), those over decades as their logarithms."""
        if not self.logarithmic.any():
            return x
        parts = []
        for logarithmic in (False, True):
            index = np.flatnonzero(self.logarithmic == logarithmic)
            if len(index):
                u = x.take(index)
                parts.append(
                    (index, graph.log(graph.maximum(u, 0.5 * self.least[index])) if logarithmic else u)
                )
        return graph.assembled(parts)


def _on_scale(x: np.ndarray, logarithmic: np.ndarray, least: np.ndarray) -> np.ndarray:
    # Below half of the least run a logarithm has no more to tell: the box refuses it.
    positive = np.where(logarithmic, np.maximum(x, 0.5 * least), 1.0)
    return np.where(logarithmic, np.log(positive), x)


def _decades(column: np.ndarray) -> bool:
    low, high = np.quantile(column, [0.05, 0.95])
    if column.min() <= 0.0 or high < DECADES * low:
        return False
    # A single run far from all others says nothing of the scale.
    usual = column[(low <= column) & (column <= high)]
    return _unevenness(np.log(usual)) < _unevenness(usual)


def _unevenness(column: np.ndarray) -> float:
    """Largest distance of the distribution of the values to that of evenly spread ones over their range."""
    values = np.unique(column)
    even = (np.arange(len(values)) + 0.5) / len(values)
    return float(np.abs((values - values[0]) / (values[-1] - values[0]) - even).max())
