"""How far queries lie beyond the ranges of the runs, and how much wider that makes the bands of a field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.surrogates.domain.domain import Domain
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.fields.transforms.input_transform import AS_GIVEN, LOGARITHM, RECIPROCAL
from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node

GROWTH = 0.5
"""Ranges of the runs by which a band grows at either side for each half range that a query lies beyond the runs: a
straight line that rises over the whole range changes by as much."""


@dataclass(frozen=True, eq=False)
class BeyondRuns:
    """The way of a query beyond the border of the domain, in half ranges of the runs, summed over the parameters.

    It is measured on the scales on which the parameters enter the field: a reciprocal at a hundredth of the least run
    is a hundred times as far away as at that run, although on the scale as given it is next to it. The model itself
    stops on these scales at half of the least run, and its own std with it.

    scale: (p,) as of an `InputTransform`. border: (2, p) of the domain, half: (p,) ranges, both on these scales.
    """

    scale: np.ndarray
    border: np.ndarray
    half: np.ndarray

    @classmethod
    def of(cls, field: str, emulator: Emulator, domain: Domain) -> Self:
        """For one field of an emulator that was trained on the runs of the domain."""
        scale = scales_of(field, emulator, len(domain.minimum))
        low, high = domain.border
        low = np.where((scale != AS_GIVEN) & (low <= 0.0), domain.minimum, low)
        on_scale = _on_scale(np.stack([low, high, domain.minimum, domain.maximum]), scale)
        half = 0.5 * np.abs(on_scale[3] - on_scale[2])
        # Of a parameter that never varied nothing is known but its size.
        half = np.where(half > 0.0, half, np.maximum(np.abs(on_scale[3]), np.finfo(float).tiny))
        return cls(scale, np.sort(on_scale[:2], axis=0), half)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """(q,) for x (q, p), 0 within the border."""
        u = _on_scale(x, self.scale)
        return (np.maximum(np.maximum(self.border[0] - u, u - self.border[1]), 0.0) / self.half).sum(axis=1)

    def graph(self, x: Node) -> Node:
        """The way of the query x (p,), ()."""
        parts = []
        for scale in np.unique(self.scale).tolist():
            index = np.flatnonzero(self.scale == scale)
            u = x.take(index)
            if scale != AS_GIVEN:
                u = graph.maximum(u, np.finfo(float).tiny)
                u = graph.log(u) if scale == LOGARITHM else 1.0 / u
            parts.append((index, u))
        u = graph.assembled(parts)
        way = graph.maximum(graph.maximum(self.border[0] - u, u - self.border[1]), 0.0)
        return (way / self.half).sum()


def scales_of(field: str, emulator: Emulator, parameters: int) -> np.ndarray:
    """(p,) scales on which the parameters enter a field: logarithms where a power of them scales it."""
    scale = np.full(parameters, AS_GIVEN)
    transform = next(branch.transform for branch in emulator.branches if field in branch.fields)
    columns = range(parameters) if transform.inputs is None else transform.inputs.direct
    scale[list(columns)] = transform.scale[: len(columns)]
    scaling = emulator.fields[field].scaling
    if scaling is not None:
        scale[(scale == AS_GIVEN) & (scaling.powers != 0.0)] = LOGARITHM
    return scale


def _on_scale(x: np.ndarray, scale: np.ndarray) -> np.ndarray:
    positive = np.where(scale == AS_GIVEN, 1.0, np.maximum(x, np.finfo(float).tiny))
    u = np.where(scale == LOGARITHM, np.log(positive), x)
    return np.where(scale == RECIPROCAL, 1.0 / positive, u)
