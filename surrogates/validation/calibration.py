"""Conformal calibration: factors that turn a model's own std into bands of known coverage."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.data.errors import ModelError
from fieldwright.data.store.field_values import FieldValues, field_values
from fieldwright.surrogates.fields.functional import Functional
from fieldwright.surrogates.validation.cross_validation import CrossValidation
from fieldwright.surrogates.validation.out_of_fold import OutOfFoldField
from fieldwright.surrogates.validation.weighted_field_sum import WeightedFieldSum, proportional

LOSS_SHARE = 0.5
"""Share of the square of what a way there and back loses that the way there counts."""


def conformal_factor(scores: np.ndarray, coverage: float, place: np.ndarray | None = None) -> np.ndarray:
    """The k-th smallest of n scores (n, ...), k = ceil((n + 1) coverage), column by column.

    For scores of n exchangeable runs the next run's score is at most this with probability in
    [coverage, coverage + 1/(n + 1)], whatever the model and the distribution; if k > n the largest score is
    returned, which covers n/(n + 1) only. Source: Vovk, Gammerman & Shafer, Algorithmic Learning in a Random
    World, 2005; Lei et al., JASA 113, 2018, theorem 2.2.

    place: (n,) labels. Where runs share places, m of them, the least q with
    (1/(m + 1)) sum_j share(scores of place j <= q) >= coverage: a run at a new place has its score at most q with
    that probability, however the runs of one place depend on each other. Source: Dunn, Wasserman & Ramdas,
    Distribution-free prediction sets for two-layer hierarchical models, JASA 118, 2023, method "pooling CDFs".
    """
    n = len(scores)
    _, label, count = np.unique(
        np.arange(n) if place is None else place, return_inverse=True, return_counts=True
    )
    if len(count) == n:
        k = min(conformal_rank(n, coverage), n)
        return np.partition(scores, k - 1, axis=0)[k - 1]
    weight = 1.0 / (count[label] * (len(count) + 1.0))
    order = np.argsort(scores, axis=0, kind="stable")
    reached = np.cumsum(weight[order], axis=0)
    index = np.minimum(np.sum(reached < coverage - 1e-9, axis=0), n - 1)
    factors = np.take_along_axis(scores, np.take_along_axis(order, index[None], axis=0), axis=0)
    return factors[0]


def observed_coverage(
    true: np.ndarray,
    mean: np.ndarray,
    std: np.ndarray,
    fold: np.ndarray,
    levels: np.ndarray,
    place: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """The share of values of held-out runs that bands of each nominal level would have covered, (levels,).

    The runs of a fold are evaluated with factors from the scores of all other folds, so that no run helps to set its
    own band. true, mean, std: (n, ...), out of fold. fold: (n,). levels: nominal coverages. place: (n,).
    weights: (points,) what each of the points of fields (n, [t,] points, components) stands for.
    """
    scores = (np.abs(true.astype(np.float64) - mean) / std).reshape(len(true), -1)
    share = np.ones(true.shape[1:])
    if weights is not None:
        share = share * (weights / weights.mean())[:, None]
    share = share.ravel() / share.sum()
    missed = np.zeros(len(levels))
    for index in np.unique(fold):
        in_fold = fold == index
        for k, level in enumerate(levels):
            others = None if place is None else place[~in_fold]
            missed[k] += np.sum((scores[in_fold] > conformal_factor(scores[~in_fold], level, others)) @ share)
    return 1.0 - missed / len(scores)


def too_few(n: int, coverage: float) -> str | None:
    """Return a warning where n runs are too few for the coverage, else None."""
    if conformal_rank(n, coverage) <= n:
        return None
    needed = math.ceil(coverage / (1.0 - coverage) - 1e-9)
    return (
        f"{n} runs are too few for bands of {coverage:.0%} coverage, which need {needed}; the bands use the "
        f"largest error seen and reach a coverage of {n / (n + 1):.0%} only."
    )


def conformal_rank(n: int, coverage: float) -> int:
    """Return ceil((n + 1) coverage), the rank of the score from the least that makes a band of that coverage."""
    # (n + 1) coverage is often a whole number that floating point puts just above itself: 20 * 0.95.
    return math.ceil((n + 1) * coverage - 1e-9)


@dataclass(frozen=True, eq=False)
class _FactorsAt:
    """Factors, least and largest values at some points, each (t, points, components), and the sums over them.

    largest: (n,) score of each run.
    """

    factor: np.ndarray
    low: np.ndarray
    high: np.ndarray
    largest: np.ndarray
    sums: Sequence[WeightedFieldSum]


def _factors_at(
    field: OutOfFoldField,
    start: int,
    stop: int,
    coverage: float,
    place: np.ndarray,
    sums: Sequence[WeightedFieldSum],
    loss: np.ndarray | None,
) -> _FactorsAt:
    """What the points start..stop add; see `Factors.fit_field`. loss: (n, t, stop - start, components)."""
    block = field.block(start, stop)
    error = np.abs(block.true.astype(np.float64) - block.mean)
    if loss is not None:
        error = np.sqrt(error**2 + LOSS_SHARE * loss.reshape(error.shape).astype(np.float64) ** 2)
    score = error / block.std
    for one in sums:
        one.take_in(block)
    return _FactorsAt(
        conformal_factor(score, coverage, place),
        block.true.min(axis=0),
        block.true.max(axis=0),
        score.reshape(len(score), -1).max(axis=1),
        sums,
    )


@dataclass(frozen=True, eq=False)
class Factors:
    """Factors q such that mean +- q std is the band of one field or quantity.

    pointwise: (t, points, components) of a field, (t,) of a quantity; each value is covered by itself.
    simultaneous: one number; all values of a run are covered together.
    low, high: least and largest value of all runs, of the shape of pointwise; infinite where an earlier version did
        not keep them.
    """

    pointwise: np.ndarray
    simultaneous: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def fit(
        cls,
        true: np.ndarray,
        mean: np.ndarray,
        std: np.ndarray,
        coverage: float,
        place: np.ndarray | None = None,
    ) -> Self:
        """Learns from out-of-fold predictions (n, ...) of n runs at the places (n,).

        The simultaneous factor is that of the largest |true - mean| / std of each run, which is one score per run:
        whatever the values of a run have to do with each other, none of a new run lies outside with the stated
        probability. Source: Diquigiovanni, Fontana & Vantini, J. Multivariate Analysis 189, 2022, section 3.
        """
        error = np.abs(true.astype(np.float64) - mean)
        score = (error / std).reshape(len(true), -1)
        factor = conformal_factor(score, coverage, place).reshape(true.shape[1:])
        together = conformal_factor(score.max(axis=1), coverage, place)
        return cls(factor, np.array(together), true.min(axis=0), true.max(axis=0))

    @classmethod
    def fit_field(
        cls,
        field: OutOfFoldField,
        coverage: float,
        place: np.ndarray,
        sums: Sequence[WeightedFieldSum] = (),
        executor: Executor = IN_PROCESS,
        losses: FieldValues | None = None,
    ) -> Self:
        """Learns from a field likewise, block by block of its points.

        losses: as in `Calibration.fit`. sums: those to be formed on the way. executor: where blocks are predicted and
        their factors formed.
        """
        times = field.shape[1] if len(field.shape) == 4 else 1
        shape = (times, *field.shape[-2:])
        factor = np.empty(shape)
        low, high = (np.empty(shape, field.values.dtype) for _ in range(2))
        largest = np.zeros(len(field))
        shared, ranges = field.shared(executor), field.ranges
        pieces = executor.in_order(
            _factors_at,
            (
                (
                    shared,
                    start,
                    stop,
                    coverage,
                    place,
                    [one.at_points(start, stop) for one in sums],
                    None if losses is None else losses.points(start, stop),
                )
                for start, stop in ranges
            ),
        )
        for (start, stop), part in zip(ranges, pieces, strict=True):
            there = (slice(None), slice(start, stop))
            factor[there], low[there], high[there] = part.factor, part.low, part.high
            largest = np.maximum(largest, part.largest)
            for one, of_part in zip(sums, part.sums, strict=True):
                one.add(of_part)
        return cls(factor, np.array(conformal_factor(largest, coverage, place)), low, high)

    def of(self, simultaneous: bool) -> np.ndarray:
        """Return the simultaneous or the pointwise factors, by which stds (q, ...) are multiplied."""
        return self.simultaneous if simultaneous else self.pointwise


@dataclass(frozen=True, eq=False)
class Calibration:
    """The factors of every field and of every default quantity.

    Scores are |true - mean| / std of every run, predicted by the model of the fold that held it out. The
    band is the mean of the model of all runs plus and minus the factor times its std. This is the simplified form of
    CV+ (Barber, Candes, Ramdas & Tibshirani, Predictive inference with the jackknife+, Ann. Statist. 49, 2021):
    it needs one model in place of one per fold. In exchange the finite-sample guarantee of CV+ (1 - 2 (1 -
    coverage) up to a small term) is not strictly inherited. The coverage measured on new runs is close to
    nominal (docs/benchmarks.md), and above it where the model of all runs is better than those of the folds.
    Coverage is marginal: over new runs drawn as the training runs were.

    fields: by name. quantities: by functional.
    """

    coverage: float
    fields: dict[str, Factors]
    quantities: dict[Functional, Factors]

    @classmethod
    def fit(
        cls,
        targets: Mapping[str, np.ndarray | FieldValues],
        held_out: CrossValidation,
        coverage: float,
        weights: Mapping[str, np.ndarray] | None = None,
        executor: Executor = IN_PROCESS,
        losses: Mapping[str, np.ndarray | FieldValues] | None = None,
    ) -> Self:
        """Learns from targets, field to (n, [t,] points, components), and their out-of-fold predictions.

        weights: field to (points,) of means, those of the cross-validation if None. executor: where this is done.
        losses: field to (n, [t,] points, components) of what was lost when a run was brought to common points and
        back. Half of its square, since one of two ways counts, is added to that of the error; not so in quantities.
        """
        if not 0.0 < coverage < 1.0:
            raise ModelError(
                "'coverage' must be a probability between 0 and 1",
                str(coverage),
                "Give 0.9 for bands of 90 %",
            )
        for name, true in targets.items():
            if name not in held_out.fields or held_out.fields[name].shape != tuple(true.shape):
                raise ModelError(
                    "The cross-validation must be of the same fields and runs as the training",
                    f"a field '{name}' of shape {tuple(true.shape)} that it does not hold",
                    "Cross-validate this candidate on these runs first",
                )
        sums: dict[Functional, WeightedFieldSum] = {}
        for key in held_out.quantities:
            old = held_out.weights.get(key.field)
            new = old if weights is None else weights.get(key.field)
            if key.statistic == "mean" and not proportional(old, new):
                sums[key] = WeightedFieldSum.of(key, held_out.fields[key.field].shape, old, new)
        fields = {
            name: Factors.fit_field(
                held_out.fields[name],
                coverage,
                held_out.place,
                [one for key, one in sums.items() if key.field == name],
                executor,
                field_values(losses[name]) if losses and name in losses else None,
            )
            for name in targets
        }
        quantities = {}
        for key, given in held_out.quantities.items():
            number = sums[key].reweighted(given) if key in sums else given
            quantities[key] = Factors.fit(number.true, number.mean, number.std, coverage, held_out.place)
        return cls(coverage, fields, quantities)

    def state(self) -> dict[str, np.ndarray]:
        """The factors as named arrays."""
        by_name = {f"field.{index}": factors for index, factors in enumerate(self.fields.values())}
        by_name |= {f"quantity.{key.key}": factors for key, factors in self.quantities.items()}
        arrays = {f"pointwise.{name}": factors.pointwise for name, factors in by_name.items()}
        arrays |= {f"simultaneous.{name}": factors.simultaneous for name, factors in by_name.items()}
        arrays |= {f"low.{name}": factors.low for name, factors in by_name.items()}
        return arrays | {f"high.{name}": factors.high for name, factors in by_name.items()}

    @classmethod
    def restore(
        cls,
        coverage: float,
        fields: list[str],
        quantities: list[Functional],
        state: Mapping[str, np.ndarray],
    ) -> Self:
        """The calibration again; fields and quantities in the order of training."""

        def factors(name: str) -> Factors:
            pointwise = state[f"pointwise.{name}"]
            unknown = np.full(pointwise.shape, np.inf)
            low, high = state.get(f"low.{name}", -unknown), state.get(f"high.{name}", unknown)
            return Factors(pointwise, state[f"simultaneous.{name}"], low, high)

        by_field = {name: factors(f"field.{index}") for index, name in enumerate(fields)}
        return cls(coverage, by_field, {key: factors(f"quantity.{key.key}") for key in quantities})


def other_weights(weights: Mapping[str, np.ndarray], validated: Mapping[str, np.ndarray]) -> str | None:
    """Return a note on means whose weights the cross-validation did not have, or None."""
    names = [name for name, one in weights.items() if not proportional(validated.get(name), one)]
    if not names:
        return None
    return (
        f"The bands of the mean of {', '.join(names)} are approximate: give the cross-validation the `weights` "
        "of its points too."
    )
