"""Scaling of a field by a reference and by powers of the parameters, after which it is simpler to learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.fields.field_view import Decoder, FieldView
from fieldwright.surrogates.fields.physics_hints import FieldHint
from fieldwright.surrogates.fields.transforms.input_transform import FAR_BELOW
from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node

LEAST_RATIO = 1.5
"""Ratio of a parameter's largest and least value from which on a power of it is tried."""
LARGEST_POWER = 3.0


@dataclass(frozen=True, eq=False)
class FieldScaling:
    """scaled field = (field - reference) / prod_j x_j^power_j.

    The power is of x_j over its geometric mean, so that the scaled field keeps its unit and about its size.

    powers, least, centre: (p,) powers, training minima and geometric means; only positive parameters have powers.
    reference: a number, or where `column` is not negative that parameter.
    low, high: bounds that no value of the field can pass. Predictions are clipped to them, which never makes
    them worse.
    """

    powers: np.ndarray
    least: np.ndarray
    centre: np.ndarray
    reference: float = 0.0
    column: int = -1
    low: float = -np.inf
    high: float = np.inf

    @classmethod
    def none(cls, parameters: int) -> Self:
        """The scaling that changes nothing."""
        return cls(np.zeros(parameters), np.zeros(parameters), np.ones(parameters))

    @classmethod
    def from_hint(cls, hint: FieldHint, parameters: tuple[str, ...], x: np.ndarray, field: str) -> Self:
        """The scaling that a study states by hand; x (n, p). Raises ModelError for a power of a parameter <= 0."""
        powers, least = np.zeros(x.shape[1]), x.min(axis=0)
        positive = np.where(least > 0.0, x, 1.0)
        centre = np.exp(np.log(positive).mean(axis=0))
        for name, power in (hint.scale_by or {}).items():
            j = parameters.index(name)
            powers[j] = power
            if power and least[j] <= 0.0:
                raise ModelError(
                    f"A parameter that scales the field '{field}' must be positive in all runs",
                    f"{least[j]:g} for '{name}'",
                    "Take it out of 'scale_by'",
                )
        low = -np.inf if hint.minimum is None else hint.minimum
        high = np.inf if hint.maximum is None else hint.maximum
        if isinstance(hint.reference, str):
            return cls(powers, least, centre, 0.0, parameters.index(hint.reference), low, high)
        return cls(powers, least, centre, hint.reference, -1, low, high)

    def with_powers(self, x: np.ndarray, size: np.ndarray) -> Self:
        """The same reference with the powers of x (n, p) that fit the norms (n,) of the fields less the reference.

        Least squares of log norm on the logarithms of the positive parameters, rounded to halves.
        """
        free = (x.min(axis=0) > 0.0) & (x.max(axis=0) > LEAST_RATIO * x.min(axis=0))
        powers = np.zeros(x.shape[1])
        if free.any() and (size > 0.0).all() and len(x) > free.sum() + 2:
            design = np.hstack([np.ones((len(x), 1)), np.log(x[:, free])])
            slopes = np.linalg.lstsq(design, np.log(size), rcond=None)[0][1:]
            powers[free] = np.clip(np.round(2.0 * slopes) / 2.0, -LARGEST_POWER, LARGEST_POWER)
        return replace(self, powers=powers)

    @property
    def trivial(self) -> bool:
        """Whether it changes nothing."""
        return not (self.powers.any() or self.reference or self.column >= 0 or self.bounded)

    @property
    def bounded(self) -> bool:
        """Whether there is a bound."""
        return bool(np.isfinite(self.low) or np.isfinite(self.high))

    def factor(self, x: np.ndarray) -> np.ndarray:
        """Return prod_j (x_j / centre_j)^power_j (q,) at x (q, p), each x_j at least half of its training minimum."""
        positive = np.maximum(x, FAR_BELOW * np.abs(self.least) + np.finfo(float).tiny)
        return np.prod(np.where(self.powers == 0.0, 1.0, positive / self.centre) ** self.powers, axis=1)

    def offset(self, x: np.ndarray) -> np.ndarray:
        """The reference (q,) at x (q, p)."""
        return x[:, self.column] if self.column >= 0 else np.full(len(x), self.reference)

    def graph(self, x: Node) -> tuple[Node, Node]:
        """Factor and offset, each (), at the parameters x (p,)."""
        index = np.flatnonzero(self.powers)
        factor = graph.constant(1.0)
        if len(index):
            positive = graph.maximum(
                x.take(index), FAR_BELOW * np.abs(self.least[index]) + np.finfo(float).tiny
            )
            logarithms = graph.log(positive / self.centre[index])
            factor = graph.exp((self.powers[index] * logarithms).sum())
        offset = x.take(np.array(self.column)) if self.column >= 0 else graph.constant(self.reference)
        return factor, offset

    def scaled(self, x: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Fields (n, ...) of the parameters x (n, p), scaled, in their own precision."""
        if self.trivial:
            return values
        scaled = (values - self._shaped(self.offset(x), values)) / self._shaped(self.factor(x), values)
        return scaled.astype(values.dtype) if values.dtype.kind == "f" else scaled

    def view(self, model: Decoder, x: np.ndarray) -> FieldView:
        """The view of a model of the scaled field at x (q, p), in the unit of the field and within its bounds."""
        factor, offset = (part.reshape(-1, 1, 1, 1) for part in (self.factor(x), self.offset(x)))
        return FieldView(model, factor, offset, self.low, self.high)

    def rounding(self, x: np.ndarray, size: np.ndarray, precision: float) -> float:
        """The largest rounding error of fields of the magnitudes (n,), in units of the scaled ones.

        precision: relative rounding error of the fields as given.
        """
        return 4.0 * precision * float((size / self.factor(x)).max())

    @staticmethod
    def _shaped(each: np.ndarray, values: np.ndarray) -> np.ndarray:
        return each.reshape(-1, *(1,) * (values.ndim - 1))

    def state(self) -> dict[str, np.ndarray]:
        """The arrays by name."""
        return {
            "powers": self.powers,
            "least": self.least,
            "centre": self.centre,
            "reference": np.array(self.reference),
            "column": np.array(self.column),
            "bounds": np.array([self.low, self.high]),
        }

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Restore the scaling from `state()`."""
        reference, column = float(state["reference"]), int(state["column"])
        low, high = state["bounds"].tolist()
        return cls(state["powers"], state["least"], state["centre"], reference, column, low, high)
