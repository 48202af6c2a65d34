"""A trained surrogate on runs that it never used: what its bands cover there, how wide they are, and its error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.fields.prediction import Band
from fieldwright.surrogates.fields.quantities import Quantity, default_quantities
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.trajectory.history import History
from fieldwright.surrogates.validation import metrics
from fieldwright.surrogates.validation.achievable_coverage import uncertainty


@dataclass(frozen=True)
class Covered:
    """Of one field or quantity.

    pointwise: share of all values that lie in their bands. simultaneous: share of the runs of which all values lie in
    the simultaneous band. width: mean width of the pointwise band in units of the std of the true values;
    simultaneous_width: of the other. error: mean relative L2 error of the runs. Where the points of a field have
    weights, all but `simultaneous` are weighted: the share is one of the area or volume.
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
        # Values that never differ have no spread: their widths are told in their own unit.
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
class KeptAside:
    """What runs kept aside say of a surrogate.

    runs: their number. inside: how many of them lie in its domain. coverage: the nominal one.
    calibrated_by: places of the runs that the bands were calibrated by.
    fields: by name. quantities: by label.
    """

    runs: int
    inside: int
    coverage: float
    calibrated_by: int
    fields: dict[str, Covered]
    quantities: dict[str, Covered]

    @classmethod
    def judge(cls, surrogate: Surrogate, x: np.ndarray, targets: Mapping[str, np.ndarray]) -> Self:
        """Predicts runs x (n, p), none of which the surrogate has learned from, of known targets.

        targets: field to (n, [t,] points, components); a forecast is given its history, which then counts as covered
        and without error.
        """
        infos = surrogate.description.fields
        asked = [one for info in infos for one in default_quantities(info)]
        history = _history(surrogate, targets)
        by_value = surrogate.predict(x, quantities=asked, history=history)
        together = surrogate.predict(x, quantities=asked, history=history, simultaneous=True)
        fields = {
            info.name: Covered.of(
                targets[info.name],
                by_value.fields[info.name],
                together.fields[info.name],
                surrogate.weights.get(info.name),
            )
            for info in infos
        }
        quantities = {
            one.label: Covered.of(
                _true(one, surrogate, targets), by_value.quantities[one.label], together.quantities[one.label]
            )
            for one in asked
        }
        coverage = surrogate.description.coverage
        achievable = surrogate.description.achievable
        judges = surrogate.description.n_runs if achievable is None else achievable.places
        return cls(len(x), int(by_value.inside.sum()), coverage, judges, fields, quantities)

    @property
    def uncertainty(self) -> float:
        """The std of the share that these runs show where the bands are those of the nominal coverage: that of a
        beta-binomial distribution, since both these runs and those of the calibration are few.

        The values of one run go together, so that runs count; where they do not, it is less.
        """
        return uncertainty(self.calibrated_by, self.coverage, self.runs)

    def summary(self) -> dict[str, float]:
        """Flat metrics, "kept_aside.{name}.{coverage|simultaneous_coverage|width|error}", and the number of runs."""
        flat = {"kept_aside.runs": float(self.runs), "kept_aside.coverage_uncertainty": self.uncertainty}
        for label, one in (self.fields | self.quantities).items():
            # Trackers take no parentheses in a name: "max(stress)" becomes "max.stress".
            name = label.replace("(", ".").removesuffix(")")
            flat |= {
                f"kept_aside.{name}.coverage": one.pointwise,
                f"kept_aside.{name}.simultaneous_coverage": one.simultaneous,
                f"kept_aside.{name}.width": one.width,
                f"kept_aside.{name}.error": one.error,
            }
        return flat


def keep_aside(x: np.ndarray, keep: float, seed: int) -> np.ndarray:
    """Which of the runs x (n, p) are kept aside, (n,) bool: a number of them from 1 on, a share of them below.

    Runs of one place are kept aside together, places at random until there are as many runs; at least two places are
    left to learn from.
    """
    place = places(x)
    n, number = len(place), int(place.max(initial=-1)) + 1
    count = round(keep) if keep >= 1 else round(keep * n)
    drawn = np.random.default_rng(seed).permutation(number)[: max(number - 2, 0)]
    before = (
        np.cumsum(np.bincount(place, minlength=number)[drawn]) - np.bincount(place, minlength=number)[drawn]
    )
    return np.isin(place, drawn[before < count])


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
