"""Evaluation of a trained surrogate on a test set: the coverage and width of its bands, and its errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from fieldwright.data.store.field_values import FieldValues
from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.fields.prediction import Band
from fieldwright.surrogates.fields.quantities import Quantity, default_quantities
from fieldwright.surrogates.trajectory.history import History
from fieldwright.surrogates.validation import metrics
from fieldwright.surrogates.validation.achievable_coverage import uncertainty

if TYPE_CHECKING:
    from fieldwright.surrogates.fields.surrogate import Surrogate

BLOCK = 2**20
"""Values of the runs that are predicted together: their bands take some ten times as much."""


@dataclass(frozen=True)
class BandCoverage:
    """Coverage and width of the bands of one field or quantity, and its error.

    pointwise: share of all values that lie in their bands. simultaneous: share of the runs of which all values lie in
    the simultaneous band. width: mean width of the pointwise band in units of the std of the true values.
    simultaneous_width: that of the simultaneous band. error: mean relative L2 error. Where the points of a
    field have weights, all but `simultaneous` are weighted: the share is one of the area or volume.
    """

    pointwise: float
    simultaneous: float
    width: float
    simultaneous_width: float
    error: float

    @classmethod
    def of(
        cls, true: np.ndarray, pointwise: Band, simultaneous: Band, weights: np.ndarray | None = None
    ) -> BandCoverage:
        """true: (n, ...), the shape of the bands. weights: (points,) what each point of a field stands for."""
        sums = CoverageSums(weights)
        sums.add(true, pointwise, simultaneous)
        return sums.coverage()


class CoverageSums:
    """A `BandCoverage` of runs that come some at a time.

    weights: (points,) what each point of a field stands for. common: whether errors are shares of the root mean
    square of all runs, as those of scalars are.
    """

    def __init__(self, weights: np.ndarray | None = None, common: bool = False) -> None:
        self.weights = weights
        self.common = common
        self.level: float | None = None
        self.runs, self.inside = 0, 0
        self.sums = np.zeros(5)
        self.error: list[np.ndarray] = []
        self.size: list[np.ndarray] = []

    def add(self, true: np.ndarray, pointwise: Band, simultaneous: Band) -> None:
        """Takes in k runs; true: (k, ...), the shape of the bands."""
        weights, number = self.weights, len(true)
        if self.level is None:
            # Squares of small deviations from a large mean would be lost in rounding.
            self.level = metrics.mean_of_values(true, weights)
        off = true - self.level
        means = [
            metrics.mean_of_values(one, weights)
            for one in (
                off,
                np.square(off),
                ~_within(true, pointwise),
                pointwise.upper - pointwise.lower,
                simultaneous.upper - simultaneous.lower,
            )
        ]
        self.sums += number * np.array(means)
        self.runs += number
        self.inside += int(_within(true, simultaneous).reshape(number, -1).all(axis=1).sum())
        self.error.append(metrics.norms(pointwise.mean - true, weights))
        self.size.append(metrics.norms(true, weights))

    def coverage(self) -> BandCoverage:
        """That of all runs so far."""
        mean, square, missed, width, simultaneous_width = (self.sums / self.runs).tolist()
        # Values that never differ have no spread: their widths are given in their own unit.
        spread = math.sqrt(max(square - mean**2, 0.0)) or 1.0
        error, size = np.concatenate(self.error), np.concatenate(self.size)
        errors = metrics.relative(error, size, common=self.common)
        return BandCoverage(
            1.0 - missed,
            self.inside / self.runs,
            width / spread,
            simultaneous_width / spread,
            float(np.mean(errors)),
        )


@dataclass(frozen=True)
class HoldoutResult:
    """The evaluation of a surrogate on a test set.

    runs: their number. inside: how many of them lie in its domain. coverage: the nominal one.
    calibrated_by: places of the runs that the bands were calibrated by.
    fields: by name. quantities: by label.
    """

    runs: int
    inside: int
    coverage: float
    calibrated_by: int
    fields: dict[str, BandCoverage]
    quantities: dict[str, BandCoverage]

    @classmethod
    def evaluate(
        cls, surrogate: Surrogate, x: np.ndarray, targets: Mapping[str, np.ndarray | FieldValues]
    ) -> Self:
        """Predict runs x (n, p) that the surrogate was not trained on, and compare with their targets.

        targets: field to (n, [t,] points, components); a forecast is given its history, which then counts as covered
        and without error.
        """
        infos = surrogate.description.fields
        queried = [one for info in infos for one in default_quantities(info)]
        fields = {
            info.name: CoverageSums(surrogate.weights.get(info.name), info.on == "run") for info in infos
        }
        quantities = {one.label: CoverageSums(common=one.what == "value") for one in queried}
        inside = 0
        number = max(1, BLOCK // sum(int(np.prod(values.shape[1:])) for values in targets.values()))
        for start in range(0, len(x), number):
            rows = slice(start, start + number)
            some = {name: values[rows] for name, values in targets.items()}
            history = _history(surrogate, some)
            by_value = surrogate.predict(x[rows], quantities=queried, history=history)
            together = surrogate.predict(x[rows], quantities=queried, history=history, simultaneous=True)
            inside += int(by_value.inside.sum())
            for name, sums in fields.items():
                sums.add(some[name], by_value.fields[name], together.fields[name])
            for one in queried:
                bands = by_value.quantities[one.label], together.quantities[one.label]
                quantities[one.label].add(_true(one, surrogate, some), *bands)
        coverage = surrogate.description.coverage
        achievable = surrogate.description.achievable
        return cls(
            len(x),
            inside,
            coverage,
            surrogate.description.n_runs if achievable is None else achievable.places,
            {name: sums.coverage() for name, sums in fields.items()},
            {label: sums.coverage() for label, sums in quantities.items()},
        )

    @property
    def uncertainty(self) -> float:
        """The std of the observed share if the bands have the nominal coverage.

        It is that of a beta-binomial distribution, since both these runs and those of the calibration are few. The
        values of one run are taken to be covered together; where they are not, it is smaller.
        """
        return uncertainty(self.calibrated_by, self.coverage, self.runs)

    def summary(self) -> dict[str, float]:
        """Flat metrics, "test.{name}.{coverage|simultaneous_coverage|width|error}", and the number of runs."""
        flat = {"test.runs": float(self.runs), "test.coverage_uncertainty": self.uncertainty}
        for label, one in (self.fields | self.quantities).items():
            # Trackers take no parentheses in a name: "max(stress)" becomes "max.stress".
            name = label.replace("(", ".").removesuffix(")")
            flat |= {
                f"test.{name}.coverage": one.pointwise,
                f"test.{name}.simultaneous_coverage": one.simultaneous,
                f"test.{name}.width": one.width,
                f"test.{name}.error": one.error,
            }
        return flat


def choose_test_set(x: np.ndarray, keep: float, seed: int) -> np.ndarray:
    """Choose the test set among the runs x (n, p), (n,) bool: a number of runs if keep >= 1, a share of them below.

    Places are drawn at random until there are as many runs, each with all of its runs; at least two places are left
    for training.
    """
    place = places(x)
    n, number = len(place), int(place.max(initial=-1)) + 1
    count = round(keep) if keep >= 1 else round(keep * n)
    candidates = np.random.default_rng(seed).permutation(number)[: max(number - 2, 0)]
    before = (
        np.cumsum(np.bincount(place, minlength=number)[candidates])
        - np.bincount(place, minlength=number)[candidates]
    )
    return np.isin(place, candidates[before < count])


def _within(true: np.ndarray, band: Band) -> np.ndarray:
    return (band.lower <= true) & (true <= band.upper)


def _history(surrogate: Surrogate, targets: Mapping[str, np.ndarray]) -> History | None:
    first = surrogate.description.history
    if not first:
        return None
    times = next(info.times for info in surrogate.description.fields if info.times is not None)
    return History(np.array(times[:first]), {name: values[:, :first] for name, values in targets.items()})


def _true(quantity: Quantity, surrogate: Surrogate, targets: Mapping[str, np.ndarray]) -> np.ndarray:
    info = surrogate.description.field(quantity.field)
    values = targets[info.name].astype(np.float64)
    number = surrogate.reading(quantity).value(values if values.ndim == 4 else values[:, None])
    return number if values.ndim == 4 else number[:, 0]
