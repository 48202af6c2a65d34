"""The models of several folds at some of the points, formed by one product with the values of all runs there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, cast

import numpy as np

from fieldwright.surrogates.fields.coordinates.reduced_field import ReducedField
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.reductions.svd import SVDReduction
from fieldwright.surrogates.trajectory.time_by_time import TimeByTime

UNRESOLVED = 1e-7
"""Share of the squares of a value below which what the modes leave out of it is summed up run by run: as the
difference of two sums it would be lost in rounding."""
DEPENDENT = 1e-10
"""Share of the first singular value of coordinates of unit size below which they are no coordinates of their own."""


@dataclass(frozen=True, eq=False)
class _Combination:
    """What one fold makes of the snapshots Y (N, m) of all runs less their mean c (m,).

    Its training snapshots are S = D (Y_rows + c - o), D = diag(factor), less their mean where they are centred. With
    their coordinates L = along B^-1 (along of orthonormal columns), the modes are U = back along^T S.

    along (k, p), back (r, p). rows (k,): of the training snapshots. factor, offset (k,): None where both change
    nothing. centred: whether the mean is taken off.
    """

    along: np.ndarray
    back: np.ndarray
    rows: np.ndarray
    factor: np.ndarray | None
    offset: np.ndarray | None
    centred: bool

    @classmethod
    def of(cls, reduced: ReducedField, rows: np.ndarray, per_run: int, scaled: bool) -> Self:
        """per_run: snapshots of a run. scaled: whether the snapshots are already as the field was reduced."""
        instant = reduced.instant
        along, back = _orthonormal(instant.scaler.unscaled(reduced.latent.reshape(len(rows), -1)))
        factor = offset = None
        if not scaled and instant.scaling is not None:
            factor = np.repeat(1.0 / instant.scaling.factor(reduced.x), per_run)
            offset = np.repeat(instant.scaling.offset(reduced.x), per_run)
        return cls(along, back, rows, factor, offset, cast(SVDReduction, instant.reduction).config.centre)

    def coefficients(self, snapshots: int) -> np.ndarray:
        """(p + 1, or p + 3 of scaled ones, N): of along^T S, of the mean, and of the sums that squares need."""
        k = len(self.rows)
        factor = np.ones(k) if self.factor is None else self.factor
        rows = [*(self._centred_along * factor[:, None]).T, factor / k]
        if self.factor is not None and self.offset is not None:
            rows += [factor**2, factor**2 * (self.offset - self._level)]
        table = np.zeros((len(rows), snapshots))
        table[:, self.rows] = rows
        return table

    def of_squares(self, snapshots: int) -> np.ndarray:
        """(N,) coefficients of the squares of Y."""
        row = np.zeros(snapshots)
        row[self.rows] = 1.0 if self.factor is None else self.factor**2
        return row

    @property
    def _centred_along(self) -> np.ndarray:
        return self.along - self.along.mean(axis=0) if self.centred else self.along

    @property
    def _level(self) -> float:
        """Taken off references and means alike, so that a large reference leaves the digits of small changes."""
        return 0.0 if self.offset is None else float(self.offset.mean())

    def at(
        self, sums: np.ndarray, squares: np.ndarray, snapshots: np.ndarray, centre: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean (m,), modes (r, m) and the mean square (m,) of what these leave out of the training snapshots.

        sums, squares: products of the coefficients with Y and of those of squares with its squares. snapshots: Y.
        centre: c.
        """
        k, p = self.along.shape
        parts, mean = sums[:p], sums[p]
        about = centre - self._level
        if self.factor is None or self.offset is None:
            off = mean
            mean = mean + centre
            if self.centred:
                size = squares
                energy = squares - k * off**2
            else:
                parts = parts + self.along.sum(axis=0)[:, None] * centre
                size = energy = squares + 2.0 * k * off * centre + k * centre**2
                mean = np.zeros_like(centre)
        else:
            factor, offset = self.factor, self.offset - self._level
            weighted = self._centred_along * factor[:, None]
            parts = parts + weighted.sum(axis=0)[:, None] * about - (offset @ weighted)[:, None]
            mean = mean + factor.mean() * about - float(factor @ offset) / k
            d, e, g = (float(factor**2 @ offset**power) for power in (0, 1, 2))
            size = squares + d * about**2 + g
            energy = squares + 2.0 * (about * sums[p + 1] - sums[p + 2]) + d * about**2 - 2.0 * e * about + g
            if self.centred:
                energy = energy - k * mean**2
            else:
                mean = np.zeros_like(centre)
        lost = energy - np.einsum("ij,ij->j", parts, parts)
        unresolved = np.flatnonzero(lost < UNRESOLVED * size)
        if len(unresolved):
            some = slice(None) if len(unresolved) == len(lost) else unresolved
            lost[some] = self._left_out(parts[:, some], mean[some], snapshots[:, some], centre[some])
        return mean, self.back @ parts, np.maximum(lost, 0.0) / k

    def _left_out(
        self, parts: np.ndarray, mean: np.ndarray, snapshots: np.ndarray, centre: np.ndarray
    ) -> np.ndarray:
        """(m,) squares of what the modes leave out, summed run by run."""
        residual = snapshots[self.rows]
        if self.factor is not None and self.offset is not None:
            residual += (centre - self._level) - (self.offset - self._level)[:, None]
            residual *= self.factor[:, None]
            residual -= mean
        else:
            residual += centre - mean
        residual -= self.along @ parts
        return np.einsum("ij,ij->j", residual, residual)


@dataclass(frozen=True, eq=False)
class _Group:
    """Folds that combine the same snapshots: those of the values of all runs, or the logarithms of one fold's.

    places: among all folds. coefficients (c, N), of_squares (folds, N): of all of them together.
    """

    fields: tuple[ReducedField, ...]
    places: tuple[int, ...]
    combinations: tuple[_Combination, ...]
    coefficients: np.ndarray
    of_squares: np.ndarray

    @classmethod
    def of(cls, fields: Sequence[ReducedField], places: Sequence[int], runs: int, times: int) -> Self:
        """runs: number of all runs. times: of a block of their values."""
        logarithmic, by_time = fields[0].instant.logarithmic, isinstance(fields[0].model, TimeByTime)
        per_run = times if by_time else 1
        combinations = []
        for one in fields:
            of_runs = np.arange(len(one.rows)) if logarithmic else one.rows
            rows = (of_runs[:, None] * per_run + np.arange(per_run)).ravel()
            combinations.append(_Combination.of(one, rows, per_run, scaled=logarithmic))
        number = per_run * (len(fields[0].rows) if logarithmic else runs)
        return cls(
            tuple(fields),
            tuple(places),
            tuple(combinations),
            np.concatenate([one.coefficients(number) for one in combinations]),
            np.stack([one.of_squares(number) for one in combinations]),
        )

    def at_points(self, block: np.ndarray) -> list[FieldModel | TimeByTime]:
        """The models at some points, from the values (n, t, points, components) of all runs there."""
        first = self.fields[0]
        by_time = isinstance(first.model, TimeByTime)
        values = first.reduced(block) if first.instant.logarithmic else block
        snapshots = np.array(values, dtype=np.float64).reshape(len(self.of_squares[0]), -1)
        centre = snapshots.mean(axis=0)
        snapshots -= centre
        sums, squares = self.coefficients @ snapshots, self.of_squares @ np.square(snapshots)
        models, start = [], 0
        for one, combination, square in zip(self.fields, self.combinations, squares, strict=True):
            stop = start + len(combination.along[0]) + (1 if combination.factor is None else 3)
            mean, basis, lost = combination.at(sums[start:stop], square, snapshots, centre)
            instant, start = one.instant, stop
            model = FieldModel(
                cast(SVDReduction, instant.reduction).at_columns(mean, basis),
                instant.scaler,
                lost + instant.round_off**2,
                (1, *block.shape[2:]) if by_time else block.shape[1:],
                instant.round_off,
                affine=True,
                logarithmic=instant.logarithmic,
                scaling=instant.scaling,
                together=True,
            )
            models.append(TimeByTime(model, block.shape[1]) if by_time else model)
        return models


@dataclass(frozen=True, eq=False)
class ModelsAtPoints:
    """The models of several folds of one field at any of its points.

    groups: of the folds in coordinates. fields: all folds, those that have learned from values themselves too.
    """

    fields: tuple[ReducedField, ...]
    groups: tuple[_Group, ...]

    @classmethod
    def of(cls, fields: Sequence[ReducedField], shape: Sequence[int]) -> Self:
        """shape: (n, [t,] points, components) of the values of all runs."""
        runs, times = shape[0], shape[1] if len(shape) == 4 else 1
        alike: dict[tuple[bool, int], list[int]] = {}
        for place, one in enumerate(fields):
            if one.in_coordinates:
                alone = place if one.instant.logarithmic else -1
                alike.setdefault((isinstance(one.model, TimeByTime), alone), []).append(place)
        groups = [_Group.of([fields[k] for k in one], one, runs, times) for one in alike.values()]
        return cls(tuple(fields), tuple(groups))

    @property
    def share(self) -> float:
        """Size of the modes of all folds at some points over that of the values of all runs there."""
        return sum(len(one.coefficients) / one.coefficients.shape[1] for one in self.groups)

    def at_points(self, block: np.ndarray) -> list[FieldModel | TimeByTime]:
        """The model of each fold at some points, from the values (n, t, points, components) of all runs there.

        Those of the values themselves ignore them and have all points.
        """
        models = [one.model for one in self.fields]
        for group in self.groups:
            for place, model in zip(group.places, group.at_points(block), strict=True):
                models[place] = model
        return models


def _orthonormal(latent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Q (k, p) of orthonormal columns and B (r, p) such that B Q^T X is the U of least |X - L U|, L (k, r) latent."""
    size = np.linalg.norm(latent, axis=0)
    inverse = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0.0)
    left, s, right = np.linalg.svd(latent * inverse, full_matrices=False)
    number = max(1, np.count_nonzero(s > DEPENDENT * s[0]))
    return left[:, :number], inverse[:, None] * (right[:number].T / np.where(s > 0.0, s, np.inf)[:number])
