"""Errors and quantities of out-of-fold predictions, summed up over blocks of points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.data.store.field_values import FieldValues
from fieldwright.surrogates.fields import functional
from fieldwright.surrogates.fields.coordinates.models_at_points import ModelsAtPoints
from fieldwright.surrogates.fields.functional import Functional, Selection
from fieldwright.surrogates.validation import metrics
from fieldwright.surrogates.validation.out_of_fold import HeldOutRuns, OutOfFoldField, PredictedPart

NONE = np.zeros((0, 1, 1))


@dataclass(frozen=True, eq=False)
class OutOfFoldValues:
    """A quantity of every held-out run: predicted mean and std, and the true value, each (n, t)."""

    mean: np.ndarray
    std: np.ndarray
    true: np.ndarray


@dataclass(frozen=True, eq=False)
class FieldScores:
    """What the out-of-fold predictions of one field are worth; see `CrossValidation`."""

    errors: dict[str, np.ndarray]
    mean_errors: np.ndarray
    r2: float
    quantities: dict[Functional, OutOfFoldValues]


@dataclass(eq=False)
class _Quantity:
    """One quantity of some runs at the points so far: value and true (h, t).

    changes: (r, h, t) of a mean with one std of each coordinate; empty for an extreme. rest_std: (h, t) of its std
    that the reduction loses; the whole std of an extreme.
    """

    value: np.ndarray
    true: np.ndarray
    changes: np.ndarray
    rest_std: np.ndarray

    def add(self, other: _Quantity, statistic: str) -> None:
        """Takes in the same of other points."""
        if statistic == "mean":
            self.value = self.value + other.value
            self.true = self.true + other.true
            self.changes = self.changes + other.changes
            self.rest_std = self.rest_std + other.rest_std
            return
        better = other.value > self.value if statistic == "max" else other.value < self.value
        self.value = np.where(better, other.value, self.value)
        self.rest_std = np.where(better, other.rest_std, self.rest_std)
        self.true = (np.maximum if statistic == "max" else np.minimum)(self.true, other.true)

    def values(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean, std and true value, each (h, t)."""
        return self.value, np.sqrt(np.sum(self.changes**2, axis=0) + self.rest_std**2), self.true


@dataclass(frozen=True, eq=False)
class _Part:
    """Sums over some points of the runs of one fold, each (h,), and their quantities.

    error, size, off: squares of prediction less truth, of the truth, and of the truth less the mean of the training
    runs, at the times after the history. error_of_all, spread: squares of prediction less truth and of the truth less
    the mean of all runs, at all times.
    """

    error: np.ndarray
    size: np.ndarray
    off: np.ndarray
    error_of_all: np.ndarray
    spread: np.ndarray
    quantities: dict[Functional, _Quantity]


def score_field(
    name: str,
    field: OutOfFoldField,
    weights: np.ndarray | None,
    history: int,
    executor: Executor = IN_PROCESS,
) -> FieldScores:
    """Errors and quantities of the field `name`.

    weights: (points,) length, area or volume of each point. history: number of first times, which were given and do
    not count.
    """
    shared, parts, models = field.values.shared(executor), field.parts, field.models
    points = field.shape[-2]
    shares = np.full(points, 1.0 / points) if weights is None else weights / weights.sum()
    arguments = []
    for start, stop in field.ranges:
        of_block = None if weights is None else weights[start:stop]
        arguments.append((shared, start, stop, name, parts, models, of_block, shares[start:stop], history))
    total: list[_Part] | None = None
    for block in executor.in_order(_parts_of_block, arguments):
        total = block if total is None else [_sum(one, more) for one, more in zip(total, block, strict=True)]
    assert total is not None
    n, times = len(field), field.shape[1] if len(field.shape) == 4 else 1
    norms = {one: np.empty(n) for one in ("error", "size", "off")}
    quantities = {
        key: OutOfFoldValues(*(np.empty((n, times)) for _ in range(3))) for key in total[0].quantities
    }
    # Errors are shares of a run's own size; those of single numbers, some of them near zero, of that of all runs.
    groups = [np.arange(n)] if points * times == 1 else [part.rows for part in parts]
    for part, of_part in zip(parts, total, strict=True):
        rows = part.rows
        for one, squares in norms.items():
            squares[rows] = np.sqrt(getattr(of_part, one))
        for key, quantity in of_part.quantities.items():
            of_all = quantities[key]
            of_all.mean[rows], of_all.std[rows], of_all.true[rows] = quantity.values()
    error, size, off = norms.values()
    relative = partial(_relative, groups=groups, common=points * times == 1)
    errors = {"relative_l2": relative(error, size), "fluctuation_l2": relative(error, off)}
    mean_errors = relative(off, size)
    residual = sum(float(part.error_of_all.sum()) for part in total)
    spread = sum(float(part.spread.sum()) for part in total)
    return FieldScores(errors, mean_errors, metrics.determination(residual, spread), quantities)


def _relative(error: np.ndarray, size: np.ndarray, groups: Sequence[np.ndarray], common: bool) -> np.ndarray:
    """Relative errors (n,), group by group of rows."""
    errors = np.empty(len(error))
    for rows in groups:
        errors[rows] = metrics.relative(error[rows], size[rows], common)
    return errors


def _parts_of_block(
    values: FieldValues,
    start: int,
    stop: int,
    name: str,
    parts: tuple[HeldOutRuns, ...],
    models: ModelsAtPoints,
    weights: np.ndarray | None,
    shares: np.ndarray,
    history: int,
) -> list[_Part]:
    """The sums over the points start..stop, fold by fold."""
    # Of double precision once, not again in every fold.
    block = values.points(start, stop).astype(np.float64)
    flat = block.reshape(len(block), -1)
    means = (_means([part.field.rows for part in parts], len(block)) @ flat).reshape(-1, *block.shape[1:])
    mean_of_all = block.mean(axis=0)
    scored = []
    for part, model, reference in zip(parts, models.at_points(block), means, strict=True):
        predicted = part.predicted(model)
        true = block[part.rows]
        error = _squares(predicted.mean - true, weights)
        off, size = _squares(true - reference, weights), _squares(true, weights)
        later = slice(history, None)
        scored.append(
            _Part(
                error[:, later].sum(axis=1),
                size[:, later].sum(axis=1),
                off[:, later].sum(axis=1),
                error.sum(axis=1),
                _squares(true - mean_of_all, weights).sum(axis=1),
                _quantities(name, part, predicted, true, shares),
            )
        )
    return scored


def _means(rows: Sequence[np.ndarray], runs: int) -> np.ndarray:
    """(folds, runs) whose product with all runs are the means of those of each fold."""
    table = np.zeros((len(rows), runs))
    for row, of_fold in zip(table, rows, strict=True):
        row[of_fold] = 1.0 / len(of_fold)
    return table


def _squares(values: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """(h, t) sums of squares of values (h, t, points, components)."""
    if weights is None:
        return np.einsum("htpc,htpc->ht", values, values)
    return np.einsum("htpc,htpc->htp", values, values) @ weights


def _quantities(
    name: str, part: HeldOutRuns, predicted: PredictedPart, true: np.ndarray, shares: np.ndarray
) -> dict[Functional, _Quantity]:
    decoder, mean = predicted.decoder, predicted.mean
    quantities = {}
    for key in functional.default_functionals(name, true.shape[-1]):
        if key.statistic == "mean":
            share = Selection(None, shares)
            changes, lost = functional.changes(key, decoder, mean, part.z, part.sigma, share)
            quantities[key] = _Quantity(
                functional.value(key, mean, share), functional.value(key, true, share), changes, lost
            )
            continue
        # The modes of a logarithm change each run by another field: its std everywhere is quicker then.
        if key.component is None or not part.field.instant.logarithmic:
            std_there = functional.std(key, decoder, mean, part.z, part.sigma)
        else:
            scalar = mean[..., key.component]
            place = scalar.argmax(axis=-1) if key.statistic == "max" else scalar.argmin(axis=-1)
            std = predicted.std[..., key.component]
            std_there = np.take_along_axis(std, place[..., None], axis=-1)[..., 0]
        quantities[key] = _Quantity(functional.value(key, mean), functional.value(key, true), NONE, std_there)
    return quantities


def _sum(one: _Part, more: _Part) -> _Part:
    for key, quantity in one.quantities.items():
        quantity.add(more.quantities[key], key.statistic)
    return _Part(
        one.error + more.error,
        one.size + more.size,
        one.off + more.off,
        one.error_of_all + more.error_of_all,
        one.spread + more.spread,
        one.quantities,
    )


def scores_of(
    fields: Mapping[str, OutOfFoldField],
    weights: Mapping[str, np.ndarray],
    history: int,
    executor: Executor = IN_PROCESS,
) -> dict[str, FieldScores]:
    """Of every field."""
    return {
        name: score_field(name, field, weights.get(name), history, executor) for name, field in fields.items()
    }
