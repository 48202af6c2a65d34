"""The runs of a field as coordinates in the space that they span, from one Gram matrix of all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.data.errors import ModelError
from fieldwright.data.mesh.measures import positive
from fieldwright.data.store.field_values import FieldValues, RunsAsRows, point_blocks
from fieldwright.surrogates.fields.coordinates.training_field import TrainingField
from fieldwright.surrogates.reductions.pod.gram import syrk
from fieldwright.surrogates.reductions.pod.spectrum import EPS, eigen, gram_error, mixing, refined

LEAST_RATIO = 100.0
"""Ratio of the largest and the least value of a field from which on its logarithm is tried."""
MOST_ROWS = 2000
"""Snapshots of which a Gram matrix is formed at most: its eigenvectors take n^3 operations."""
SAMPLE = 2000
"""Points of a sample at most, fewer of long transients; all points where there are not more."""
LEAST_SAMPLE, SAMPLE_TIMES = 100, 40000
BLOCK = 2**20
"""Values of a block, of all runs at some points: 8 MB of float64."""


@dataclass(frozen=True, eq=False)
class _Stripe:
    """What neighbouring points add to the sums over all of them.

    gram: (rows + 2, rows + 2), or that of mixed rows. low, high: (n,). sample: (n, t, s, components).
    """

    gram: np.ndarray
    low: np.ndarray
    high: np.ndarray
    sample: np.ndarray


def coordinates_of(
    values: FieldValues,
    weights: np.ndarray | None,
    *,
    by_time: bool,
    name: str = "",
    executor: Executor = IN_PROCESS,
) -> TrainingField | None:
    """The runs as coordinates, with the mean of all and the field that is 1 everywhere in the same space.

    The rows of A are the n snapshots less their mean, the mean less a number, and 1, each divided by its norm; with
    A W A^T = V S^2 V^T they have the coordinates V S. Values of float32 hold nothing below the rounding of a Gram
    matrix; of float64 the rows are read once more, in combinations that rounding does not harm (`spectrum.refined`).

    Parameters
    ----------
    values : n runs.
    weights : (points,) length, area or volume of each point, >= 0: the inner product.
    name : of the field, for messages.
    by_time : whether the snapshots are those of all times, as `TimeByTime` reduces them, or whole runs.
    executor : where sums over points are formed; they do not depend on it.

    Returns
    -------
    None where coordinates would be no smaller than the values, or the snapshots are too many.
    """
    n, times = len(values), values.shape[1] if values.ndim == 4 else 1
    rows = n * times if by_time else n
    of_row = int(np.prod(values.shape[1:])) // (times if by_time else 1)
    if rows + 2 >= of_row or rows > MOST_ROWS:
        return None
    blocks = list(point_blocks(values, BLOCK))
    sample_points = _sample_points(values)
    point_weights = _point_weights(weights)
    level = float(np.mean(values.points(0, min(256, values.shape[-2])), dtype=np.float64))
    arguments = [
        (values, start, stop, _part(point_weights, start, stop), level, by_time, sample_points, None)
        for start, stop in blocks
    ]
    gram, low, high, samples = np.zeros((rows + 2, rows + 2)), np.full(n, np.inf), np.full(n, -np.inf), []
    for stripe in executor.in_order(_stripe_of, arguments):
        gram += stripe.gram
        low, high = np.minimum(low, stripe.low), np.maximum(high, stripe.high)
        samples.append(stripe.sample)
    if not np.isfinite(gram).all():
        raise ModelError(
            "Training values must be finite",
            f"NaN or infinity in '{name}', in row {int(np.argmin(np.isfinite(low + high)))} for one",
            "Leave those runs out; the store rejects them by itself",
        )
    norm = np.sqrt(np.diag(gram))
    inverse = np.divide(1.0, norm, out=np.zeros_like(norm), where=norm > 0.0)
    s, v = eigen(gram * np.outer(inverse, inverse))
    if values.dtype == np.float32:
        number = np.count_nonzero(gram_error(s) < 0.1)
    else:
        mix = mixing(s, v) * inverse
        mixed = np.zeros((len(mix), len(mix)))
        for stripe in executor.in_order(_stripe_of, [(*one[:-1], mix) for one in arguments]):
            mixed += stripe.gram
        s, v = refined(s, v, mixed)
        number = np.count_nonzero(s > 4.0 * EPS * np.sqrt(len(s)) * s[0])
    place = (v[:, :number] * s[:number]) * norm[:, None]
    ones = place[-1]
    runs = place[:-2] + (place[-2] + level * ones)
    shape = (n, times, number, 1) if by_time else (n, number, 1)
    sample = np.concatenate(samples, axis=2)
    return TrainingField(
        runs.reshape(shape),
        low,
        high,
        float(np.finfo(values.dtype).eps) if values.dtype.kind == "f" else 0.0,
        sample if values.ndim == 4 else sample[:, 0],
        columns=of_row,
        ones=ones[:, None],
        sample_weights=None if weights is None else weights[sample_points],
    )


def with_logarithm(
    field: TrainingField,
    values: FieldValues,
    reference: np.ndarray,
    weights: np.ndarray | None,
    *,
    by_time: bool,
    executor: Executor = IN_PROCESS,
) -> TrainingField:
    """The field with the coordinates of log(values - reference), reference (n,), where that may be worth learning."""
    low, high = field.low - reference, field.high - reference
    if not field.in_coordinates or low.min() <= 0.0 or high.max() < LEAST_RATIO * low.min():
        return field
    logarithms = Logarithms(values, reference)
    return replace(field, logarithm=coordinates_of(logarithms, weights, by_time=by_time, executor=executor))


class Logarithms(RunsAsRows):
    """log(values - reference) of field values, reference (n,), formed as they are read."""

    def __init__(self, values: FieldValues, reference: np.ndarray) -> None:
        self.values, self.reference = values, reference
        self.shape, self.dtype, self.step = values.shape, values.dtype, values.step

    def __getitem__(self, rows: Any) -> np.ndarray:
        return np.log(self.values[rows] - self.reference[rows].reshape(-1, *(1,) * (self.ndim - 1)))

    def points(self, start: int, stop: int) -> np.ndarray:
        """The points start..stop of all runs, (n, t, stop - start, components)."""
        return np.log(self.values.points(start, stop) - self.reference[:, None, None, None])

    def shared(self, executor: Executor) -> Logarithms:
        """The logarithms of the shared values."""
        return Logarithms(self.values.shared(executor), self.reference)


def _stripe_of(
    values: FieldValues,
    start: int,
    stop: int,
    weights: np.ndarray | None,
    level: float,
    by_time: bool,
    sample_points: np.ndarray,
    mix: np.ndarray | None,
) -> _Stripe:
    """The sums over the points start..stop; see `coordinates_of`. mix: (p, rows + 2) of the rows, if any."""
    block = values.points(start, stop)
    n, times, _, components = block.shape
    rows = n * times if by_time else n
    work = np.empty((rows + 2, block.size // rows))
    snapshots = work[:rows]
    np.copyto(snapshots, block.reshape(rows, -1))
    # What is not finite is refused once all is summed up.
    with np.errstate(invalid="ignore", over="ignore"):
        mean = snapshots.sum(axis=0) / rows
        snapshots -= mean
        work[rows], work[rows + 1] = mean - level, 1.0
    if weights is not None:
        root = np.repeat(np.sqrt(weights), components)
        work *= root if by_time else np.tile(root, times)
    mixed = work if mix is None else mix @ work
    gram = np.zeros((len(mixed), len(mixed)))
    syrk(1.0, mixed.T, beta=1.0, c=gram.T, trans=1, lower=1, overwrite_c=1)
    flat = block.reshape(n, -1)
    inside = sample_points[(sample_points >= start) & (sample_points < stop)] - start
    return _Stripe(
        np.triu(gram) + np.triu(gram, 1).T, flat.min(axis=1), flat.max(axis=1), block[:, :, inside].copy()
    )


def _sample_points(values: FieldValues) -> np.ndarray:
    """(s,) points spread evenly over all."""
    points, times = values.shape[-2], values.shape[1] if values.ndim == 4 else 1
    number = min(points, SAMPLE, max(LEAST_SAMPLE, SAMPLE_TIMES // times))
    return np.unique(np.linspace(0, points - 1, number).round().astype(np.int64))


def _point_weights(weights: np.ndarray | None) -> np.ndarray | None:
    """(points,) > 0 of mean 1, as the reduction weighs points; None where all are equal."""
    if weights is None or np.ptp(weights) == 0.0:
        return None
    above = positive(weights)
    return above / above.mean()


def _part(weights: np.ndarray | None, start: int, stop: int) -> np.ndarray | None:
    return None if weights is None else weights[start:stop]
