"""Predictions of runs by models that were not trained on them, formed block by block where they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np

from fieldwright.data.computing.executor import Executor
from fieldwright.data.store.field_values import FieldValues, point_blocks
from fieldwright.surrogates.fields.coordinates.models_at_points import ModelsAtPoints
from fieldwright.surrogates.fields.coordinates.reduced_field import ReducedField
from fieldwright.surrogates.fields.coordinates.training_field import TrainingViews
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.fields.field_view import FieldView
from fieldwright.surrogates.persistence import states
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.trajectory.time_by_time import TimeByTime

BLOCK = 2**20
"""Values of a block of points, of all runs: 8 MB of float64, of which some ten copies are held."""


@dataclass(frozen=True, eq=False)
class PredictedPart:
    """What one fold predicts at some points: the decoder there, and the scaled coordinates of its runs."""

    decoder: FieldModel | FieldView | TimeByTime
    z: np.ndarray
    sigma: np.ndarray

    @cached_property
    def mean(self) -> np.ndarray:
        """(h, t, points, components)."""
        return self.decoder.mean(self.z)

    @cached_property
    def std(self) -> np.ndarray:
        """(h, t, points, components)."""
        return self.decoder.std(self.z, self.sigma)


@dataclass(frozen=True, eq=False)
class HeldOutRuns:
    """A field of the runs that one fold holds out, as its model predicts it.

    field: the model. rows: (h,) of all runs. x: (h, p). z, sigma: (h, r) mean and std of the scaled coordinates.
    """

    field: ReducedField
    rows: np.ndarray
    x: np.ndarray
    z: np.ndarray
    sigma: np.ndarray

    def state(self) -> dict[str, np.ndarray]:
        """All of it, as named arrays."""
        arrays = {"rows": self.rows, "x": self.x, "z": self.z, "sigma": self.sigma}
        return arrays | states.prefixed("field.", self.field.state())

    @classmethod
    def restore(cls, config: ReductionConfig, state: Mapping[str, np.ndarray]) -> Self:
        """It again."""
        field = ReducedField.restore(config, states.part(state, "field."))
        return cls(field, state["rows"], state["x"], state["z"], state["sigma"])

    def predicted(self, model: FieldModel | TimeByTime) -> PredictedPart:
        """The prediction at the points of the model, which is `field` at these."""
        return PredictedPart(model.at(self.x), self.z, self.sigma)


class PredictedBlock(NamedTuple):
    """Points start..stop of all runs: true values, mean and std, each (n, t, points, components)."""

    start: int
    stop: int
    true: np.ndarray
    mean: np.ndarray
    std: np.ndarray


@dataclass(frozen=True, eq=False)
class OutOfFoldField:
    """One field of all runs, each as the model of the fold that held it out predicts it.

    values: the true ones. parts: of each fold. sample: (n, [t,] s, components) true values at some of the points.
    sample_weights: (s,) of these, None where all are equal. models: of all folds.
    """

    values: FieldValues
    parts: tuple[HeldOutRuns, ...]
    sample: np.ndarray
    sample_weights: np.ndarray | None
    models: ModelsAtPoints

    @classmethod
    def of(cls, values: FieldValues, views: TrainingViews, parts: Sequence[HeldOutRuns]) -> Self:
        """Of the parts of all folds, and the runs in the views from which these have learned."""
        view = views.trajectories
        models = ModelsAtPoints.of([part.field for part in parts], values.shape)
        return cls(values, tuple(parts), view.sample, view.sample_weights, models)

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, [t,] points, components)."""
        return self.values.shape

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """Ranges of points that make the blocks; one for all where a fold has learned from values themselves."""
        if not all(part.field.in_coordinates for part in self.parts):
            return [(0, self.shape[-2])]
        # With few runs, the modes of all folds are larger than the values.
        return list(point_blocks(self.values, int(BLOCK / (1.0 + self.models.share))))

    def blocks(self) -> Iterator[PredictedBlock]:
        """All points, block by block."""
        for start, stop in self.ranges:
            yield self.block(start, stop)

    def block(self, start: int, stop: int) -> PredictedBlock:
        """The points start..stop."""
        return PredictedBlock(start, stop, *self._at(self.values.points(start, stop), range(len(self))))

    def shared(self, executor: Executor) -> Self:
        """The same for `block` alone, in a form that is small to send to the executor's workers."""
        return replace(self, values=self.values.shared(executor), sample=self.sample[..., :0, :])

    def at_sample(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """True values, mean and std, each (n, [t,] s, components), at the points of the sample."""
        block = self.sample if self.sample.ndim == 4 else self.sample[:, None]
        return tuple(one.reshape(self.sample.shape) for one in self._at(block, range(len(self))))  # type: ignore

    def runs(self, rows: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """True values, mean and std, each (k, [t,] points, components), of whole runs."""
        dtype = np.float32 if self.values.dtype == np.float32 else np.float64
        times, points, components = self.shape[1] if self.values.ndim == 4 else 1, *self.shape[-2:]
        arrays = [np.empty((len(rows), times, points, components), dtype) for _ in range(3)]
        for start, stop in self.ranges:
            block = self.values.points(start, stop)
            for array, part in zip(arrays, self._at(block, rows), strict=True):
                array[:, :, start:stop] = part
        true, mean, std = (array.reshape(len(rows), *self.shape[1:]) for array in arrays)
        return true, mean, std

    def _at(self, block: np.ndarray, rows: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        place = np.full(len(self), -1)
        place[list(rows)] = np.arange(len(rows))
        mean = np.empty((len(rows), *block.shape[1:]))
        std = np.empty_like(mean)
        for part, model in zip(self.parts, self.models.at_points(block), strict=True):
            some = np.flatnonzero(place[part.rows] >= 0)
            if not len(some):
                continue
            of_part = HeldOutRuns(part.field, part.rows[some], part.x[some], part.z[some], part.sigma[some])
            predicted, at = of_part.predicted(model), place[of_part.rows]
            mean[at], std[at] = predicted.mean, predicted.std
        return block[list(rows)], mean, std

    def __len__(self) -> int:
        return len(self.values)


class FormedOnDemand(Mapping[str, np.ndarray]):
    """Field to an array of the size of the targets, formed each time it is asked for: for what is small."""

    def __init__(self, names: Sequence[str], form: Callable[[str], np.ndarray]) -> None:
        self._names, self._form = list(names), form

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._names:
            raise KeyError(name)
        return self._form(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
