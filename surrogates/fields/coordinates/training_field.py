"""One field of the training runs in the form in which a fold learns it: small, whatever the number of points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from fieldwright.surrogates.fields.transforms.field_scaling import FieldScaling
from fieldwright.surrogates.validation import metrics


@dataclass(frozen=True, eq=False)
class TrainingField:
    """Runs as rows: their values themselves, or their coordinates in the space that all of them span.

    n runs of any number of points lie in a space of n dimensions. Their coordinates in an orthonormal basis of it
    have the same norms, means and POD as their values, at a size that no longer depends on the mesh.

    values: (n, [t,] points, components), or coordinates (n, [t,] q, 1).
    ones: (q, 1) coordinates of the field that is 1 everywhere; None for values themselves.
    weights: (points,) of norms of values; None where all are equal, and in coordinates, whose basis has them.
    low, high: (n,) least and largest value of each run. precision: relative rounding error of the values as given.
    sample: (n, [t,] s, components) values at some of the points, all where they are few. sample_weights: (s,).
    logarithm: of the positive values less a reference, None where that is not learned or values are not coordinates.
    columns: number of values of a snapshot, whether it is here as coordinates or not.
    """

    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    precision: float
    sample: np.ndarray
    ones: np.ndarray | None = None
    weights: np.ndarray | None = None
    sample_weights: np.ndarray | None = None
    logarithm: TrainingField | None = None
    columns: int = 0

    @classmethod
    def of_values(cls, values: np.ndarray, weights: np.ndarray | None = None) -> Self:
        """Of values (n, [t,] points, components) themselves."""
        flat = values.reshape(len(values), -1)
        precision = float(np.finfo(values.dtype).eps) if values.dtype.kind == "f" else 0.0
        low, high = flat.min(axis=1), flat.max(axis=1)
        return cls(
            values,
            low,
            high,
            precision,
            values,
            weights=weights,
            sample_weights=weights,
            columns=flat.shape[1],
        )

    @property
    def in_coordinates(self) -> bool:
        """Whether the runs are coordinates, not values."""
        return self.ones is not None

    @property
    def size(self) -> np.ndarray:
        """(n,) largest magnitude of the values of each run."""
        return np.maximum(np.abs(self.low), np.abs(self.high))

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: Any) -> Self:
        """Some of the runs."""
        return replace(
            self,
            values=self.values[rows],
            low=self.low[rows],
            high=self.high[rows],
            sample=self.sample[rows],
            logarithm=None if self.logarithm is None else self.logarithm[rows],
        )

    def reducible_by(self, config: Any) -> Any:
        """The settings of an SVD for coordinates, which are few and hold small modes better than a Gram matrix does.

        It has no more modes than the space of the runs has dimensions.
        """
        if not self.in_coordinates:
            return config
        dimensions, limited = self.values.shape[-2], config.rank is not None and len(self) >= config.rank
        rank = min(config.rank, dimensions) if limited else config.rank
        return config.model_copy(update={"rank": rank, "method": "direct"})

    def scaled(self, scaling: FieldScaling, x: np.ndarray) -> np.ndarray:
        """The runs at the parameters x (n, p), scaled: (value - offset) / factor."""
        if self.ones is None:
            return scaling.scaled(x, self.values)
        if scaling.trivial:
            return self.values
        shape = (-1, *(1,) * (self.values.ndim - 1))
        offset, factor = scaling.offset(x).reshape(shape), scaling.factor(x).reshape(shape)
        return (self.values - offset * self.ones) / factor

    def logarithms(self, scaling: FieldScaling, x: np.ndarray) -> np.ndarray:
        """The coordinates of the logarithms of the scaled runs, log(value - offset) - log(factor)."""
        assert self.logarithm is not None
        logarithm = self.logarithm
        shape = (-1, *(1,) * (logarithm.values.ndim - 1))
        return logarithm.values - np.log(scaling.factor(x)).reshape(shape) * logarithm.ones

    def range_of(self, scaling: FieldScaling, x: np.ndarray) -> tuple[float, float]:
        """Least and largest value of all scaled runs."""
        offset, factor = scaling.offset(x), scaling.factor(x)
        low, high = (self.low - offset) / factor, (self.high - offset) / factor
        return float(low.min()), float(high.max())

    def norms_about(self, offset: np.ndarray) -> np.ndarray:
        """(n,) norms of the runs less numbers (n,)."""
        shape = (-1, *(1,) * (self.values.ndim - 1))
        ones = 1.0 if self.ones is None else self.ones
        return metrics.norms(self.values - offset.reshape(shape) * ones, self.weights)


@dataclass(frozen=True, eq=False)
class TrainingViews:
    """One field of the training runs, as whole trajectories and time by time.

    shape: (n, [t,] points, components) of the values. times: None where no candidate takes the field time by time.
    """

    shape: tuple[int, ...]
    trajectories: TrainingField
    times: TrainingField | None = None

    @property
    def ndim(self) -> int:
        """3, or 4 where the runs are transient."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> Self:
        """Some of the runs."""
        trajectories = self.trajectories[rows]
        times = None if self.times is None else self.times[rows]
        return type(self)((len(trajectories), *self.shape[1:]), trajectories, times)

    def view(self, transient: str) -> TrainingField:
        """The runs as a candidate with this setting of `transient` learns them."""
        return self.trajectories if transient == "trajectory" or self.times is None else self.times


def training_fields(
    targets: Mapping[str, Any], weights: Mapping[str, np.ndarray] | None, transient: str
) -> dict[str, TrainingField]:
    """Arrays, views or training fields by name as training fields of a candidate with this setting of `transient`."""
    return {
        name: one
        if isinstance(one, TrainingField)
        else one.view(transient)
        if isinstance(one, TrainingViews)
        else TrainingField.of_values(one, (weights or {}).get(name))
        for name, one in targets.items()
    }
