"""Evaluation of a trained surrogate on a test set: the coverage and width of its bands, and its errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.fields.prediction import Band
from fieldwright.surrogates.fields.quantities import Quantity, default_quantities
from fieldwright.surrogates.trajectory.history import History
from fieldwright.surrogates.validation import metrics
from fieldwright.surrogates.validation.achievable_coverage import uncertainty

if TYPE_CHECKING:
    from fieldwright.surrogates.fields.surrogate import Surrogate


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
    ) -> Self:
        """true: (n, ...), the shape of the bands. weights: (points,) what each point of a field stands for."""
        off = true - metrics.mean_of_values(true, weights)
        spread = float(np.sqrt(metrics.mean_of_values(np.square(off), weights)))
        # Values that never differ have no spread: their widths are given in their own unit.
        widths = [
            metrics.mean_of_values(band.upper - band.lower, weights) / (spread or 1.0)
            for band in (pointwise, simultaneous)
        ]
        return cls(
            1.0 - metrics.mean_of_values(~_within(true, pointwise), weights),
            float(np.mean(_within(true, simultaneous).reshape(len(true), -1).all(axis=1))),
            widths[0],
            widths[1],
            float(np.mean(metrics.relative_l2(true, pointwise.mean, weights))),
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
    def evaluate(cls, surrogate: Surrogate, x: np.ndarray, targets: Mapping[str, np.ndarray]) -> Self:
        """Predict runs x (n, p) that the surrogate was not trained on, and compare with their targets.

        targets: field to (n, [t,] points, components); a forecast is given its history, which then counts as covered
        and without error.
        """
        infos = surrogate.description.fields
        queried = [one for info in infos for one in default_quantities(info)]
        history = _history(surrogate, targets)
        by_value = surrogate.predict(x, quantities=queried, history=history)
        together = surrogate.predict(x, quantities=queried, history=history, simultaneous=True)
        fields = {
            info.name: BandCoverage.of(
                targets[info.name],
                by_value.fields[info.name],
                together.fields[info.name],
                surrogate.weights.get(info.name),
            )
            for info in infos
        }
        quantities = {
            one.label: BandCoverage.of(
                _true(one, surrogate, targets), by_value.quantities[one.label], together.quantities[one.label]
            )
            for one in queried
        }
        coverage = surrogate.description.coverage
        achievable = surrogate.description.achievable
        calibrated_by = surrogate.description.n_runs if achievable is None else achievable.places
        return cls(len(x), int(by_value.inside.sum()), coverage, calibrated_by, fields, quantities)

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
