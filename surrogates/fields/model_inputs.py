"""The inputs of a model: the parameters, and the inputs that a study derives from them by formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.data.expressions import Expression
from fieldwright.surrogates.fields.physics_hints import PhysicsHints
from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node

BEYOND = 10.0
"""Ranges of the runs beyond which a derived input is clipped, since a query may divide by zero."""

STEP = 6e-6
"""Relative step of a central difference: the cube root of the rounding error."""


class ModelInputs:
    """v = (x_j that no formula replaces, then the derived inputs), such as Reynolds' or Biot's number.

    low, high: (d,) to which the derived inputs of far queries are clipped.
    """

    def __init__(self, hints: PhysicsHints, low: np.ndarray, high: np.ndarray) -> None:
        self.hints = hints
        self.low = low
        self.high = high
        self._formulas = [Expression.parse(one.formula, hints.parameters) for one in hints.derived.values()]
        replaced = {
            name
            for one, formula in zip(hints.derived.values(), self._formulas, strict=True)
            if one.replace
            for name in formula.names
        }
        self.direct = [j for j, name in enumerate(hints.parameters) if name not in replaced]

    @classmethod
    def fit(cls, hints: PhysicsHints, x: np.ndarray) -> Self:
        """Fit the ranges of the derived inputs to x (n, p); raises ModelError where one has no value."""
        unbounded = cls(hints, np.empty(0), np.empty(0))
        values = unbounded._derived(x)
        for name, column in zip(hints.derived, values.T, strict=True):
            if not np.isfinite(column).all():
                run = int(np.flatnonzero(~np.isfinite(column))[0])
                raise ModelError(
                    f"The derived parameter '{name}' must have a finite value in every run",
                    f"{column[run]} in run {run + 1}",
                    f"Correct its formula '{hints.derived[name].formula}', or leave it out",
                )
        low, high = values.min(axis=0), values.max(axis=0)
        margin = BEYOND * (high - low)
        return cls(hints, low - margin, high + margin)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """The inputs (q, p') of parameters x (q, p)."""
        if not self._formulas:
            return x
        values = self._derived(x)
        values = np.where(np.isnan(values), (self.low + self.high) / 2.0, values)
        return np.hstack([x[:, self.direct], np.clip(values, self.low, self.high)])

    def graph(self, x: Node) -> Node:
        """The inputs (p',) of the parameters x (p,)."""
        columns = {name: x.take(np.array([j])) for j, name in enumerate(self.hints.parameters)}
        values = graph.concat([graph.as_node(formula.of(columns)).reshape(1) for formula in self._formulas])
        values = graph.replace_nan(values, (self.low + self.high) / 2.0)
        derived = graph.clipped(values, self.low, self.high)
        return graph.concat([x.take(np.array(self.direct)), derived]) if self.direct else derived

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return d v_k / d x_j (q, p', p) at x (q, p), by central differences of the formulas."""
        columns = []
        for j in range(x.shape[1]):
            step = STEP * np.maximum(np.abs(x[:, j, None]), np.abs(x[:, j]).max())
            moved = step * np.eye(x.shape[1])[j]
            columns.append((self(x + moved) - self(x - moved)) / (2.0 * step))
        return np.stack(columns, axis=-1)

    def scales(self, scales: Sequence[str]) -> Sequence[str]:
        """The scales requested for the inputs, from those of the parameters (p,)."""
        if not self._formulas:
            return scales
        return [scales[j] for j in self.direct] + [one.scale for one in self.hints.derived.values()]

    def units(self) -> list[str | None]:
        """The units of the inputs; None for derived ones, whose unit is not known."""
        units = self.hints.units or ("",) * len(self.hints.parameters)
        direct = self.direct if self._formulas else range(len(units))
        return [*(units[j] for j in direct), *([None] * len(self._formulas))]

    def _derived(self, x: np.ndarray) -> np.ndarray:
        columns = dict(zip(self.hints.parameters, x.T, strict=True)) if self._formulas else {}
        values = [np.broadcast_to(formula(columns), len(x)) for formula in self._formulas]
        return np.stack(values, axis=1) if values else np.empty((len(x), 0))

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        return {"low": self.low, "high": self.high}

    @classmethod
    def restore(cls, hints: PhysicsHints, state: Mapping[str, np.ndarray]) -> Self:
        """Restore the inputs from `state()`."""
        return cls(hints, state["low"], state["high"])
