"""A field reduced by its training runs, whose modes at some of the points are formed where they are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, cast

import numpy as np

from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.reductions.svd import SVDReduction
from fieldwright.surrogates.trajectory.time_by_time import TimeByTime

UNRESOLVED = 1e-6
"""Share of the variance of a value below which what the modes leave out of it is summed up run by run: as the
difference of two sums it would be lost in rounding."""
DEPENDENT = 1e-10
"""Share of the first singular value of coordinates of unit size below which they are no coordinates of their own."""


@dataclass(frozen=True, eq=False)
class ReducedField:
    """A model of a field in coordinates, with the coordinates of its training runs.

    With training snapshots X (k, m) of mean x and their coordinates L (k, r), the modes at any points are those U of
    least |X - x - L U| there: the POD of the runs, without a matrix of modes.

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

    def at_points(self, block: np.ndarray) -> FieldModel | TimeByTime:
        """The model at some points, from the values (n, t, points, components) of all runs there.

        That of the values themselves ignores them and has all points.
        """
        if not self.in_coordinates:
            return self.model
        instant = self.instant
        training = self.reduced(block)
        by_time = isinstance(self.model, TimeByTime)
        snapshots = training.reshape(-1, training[0, 0].size if by_time else training[0].size)
        latent = instant.scaler.unscaled(self.latent.reshape(len(snapshots), -1))
        reduction = cast(SVDReduction, instant.reduction)
        mean = snapshots.mean(axis=0) if reduction.config.centre else np.zeros(snapshots.shape[1])
        snapshots -= mean
        along, back = _orthonormal(latent)
        parts = along.T @ snapshots
        energy = np.einsum("ij,ij->j", snapshots, snapshots)
        lost = energy - np.einsum("ij,ij->j", parts, parts)
        unresolved = np.flatnonzero(lost < UNRESOLVED * energy)
        if len(unresolved):
            residual = snapshots[:, unresolved] - along @ parts[:, unresolved]
            lost[unresolved] = np.einsum("ij,ij->j", residual, residual)
        basis = back @ parts
        model = FieldModel(
            reduction.at_columns(mean, basis),
            instant.scaler,
            np.maximum(lost, 0.0) / len(snapshots) + instant.round_off**2,
            (1, *block.shape[2:]) if by_time else block.shape[1:],
            instant.round_off,
            affine=True,
            logarithmic=instant.logarithmic,
            scaling=instant.scaling,
        )
        return TimeByTime(model, self.model.times) if isinstance(self.model, TimeByTime) else model

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


def _orthonormal(latent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Q (k, p) of orthonormal columns and B (r, p) such that B Q^T X is the U of least |X - L U|, L (k, r) latent."""
    size = np.linalg.norm(latent, axis=0)
    inverse = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0.0)
    left, s, right = np.linalg.svd(latent * inverse, full_matrices=False)
    number = max(1, np.count_nonzero(s > DEPENDENT * s[0]))
    return left[:, :number], inverse[:, None] * (right[:number].T / np.where(s > 0.0, s, np.inf)[:number])
