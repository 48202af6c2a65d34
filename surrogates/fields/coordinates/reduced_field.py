"""A field reduced by its training runs, whose modes at some of the points are formed where they are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.trajectory.time_by_time import TimeByTime


@dataclass(frozen=True, eq=False)
class ReducedField:
    """A model of a field in coordinates, with the coordinates of its training runs.

    With training snapshots X (k, m) of mean x and their coordinates L (k, r), the modes at any points are those U of
    least |X - x - L U| there: the POD of the runs, without a matrix of modes (`ModelsAtPoints`).

    model: in coordinates (`TrainingField`), or of the values themselves, which then is all that there is.
    latent: (k, t r or r) scaled coordinates of the training runs `rows` (k,) at the parameters x (k, p).
    """

    model: FieldModel | TimeByTime
    latent: np.ndarray
    rows: np.ndarray
    x: np.ndarray
    in_coordinates: bool

    @property
    def instant(self) -> FieldModel:
        """The model of one snapshot."""
        return self.model.instant if isinstance(self.model, TimeByTime) else self.model

    def reduced(self, block: np.ndarray) -> np.ndarray:
        """The training runs (k, t, points, components) of a block as they were reduced: scaled, or logarithms."""
        training = block[self.rows].astype(np.float64, copy=False)
        scaling = self.instant.scaling
        if scaling is not None:
            training -= scaling.offset(self.x).reshape(-1, 1, 1, 1)
            training /= scaling.factor(self.x).reshape(-1, 1, 1, 1)
        return np.log(training, out=training) if self.instant.logarithmic else training

    def state(self) -> dict[str, np.ndarray]:
        """All of it, as named arrays."""
        arrays = {"latent": self.latent, "rows": self.rows, "x": self.x}
        flags = {
            "in_coordinates": np.array(self.in_coordinates),
            "by_time": np.array(isinstance(self.model, TimeByTime)),
        }
        return arrays | flags | prefixed("model.", self.model.state())

    @classmethod
    def restore(cls, config: ReductionConfig, state: Mapping[str, np.ndarray]) -> Self:
        """It again."""
        kind = TimeByTime if state["by_time"] else FieldModel
        model = kind.restore(config, part(state, "model."))
        return cls(model, state["latent"], state["rows"], state["x"], bool(state["in_coordinates"]))
