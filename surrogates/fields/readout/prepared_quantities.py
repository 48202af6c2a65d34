"""The quantities of one field with all of their bands that no query changes, made once and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.surrogates.fields.beyond_runs import GROWTH
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.fields.field_view import FieldView
from fieldwright.surrogates.fields.functional import Functional
from fieldwright.surrogates.fields.prediction import Band
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.fields.readout.reading import Reading
from fieldwright.surrogates.fields.readout.readout import Readout
from fieldwright.surrogates.trajectory.time_by_time import TimeByTime
from fieldwright.surrogates.validation.band_limits import RangeLimits
from fieldwright.surrogates.validation.calibration import Calibration, Factors


@dataclass(frozen=True, eq=False)
class PreparedQuantities:
    """k quantities of one field.

    factors: (k, t) of the std for bands of single values. simultaneous: (k, 1) for bands of all times together.
    low, high: (k, 1) bounds that no value can pass. scale: (k, 1) of a reading, in whose unit it is answered.
    limits: the range of the runs, (k, t). growth: (k, t) the range by which bands grow beyond the runs.
    steady: whether the answers have no axis of times.
    """

    labels: tuple[str, ...]
    readout: Readout
    factors: np.ndarray
    simultaneous: np.ndarray
    low: np.ndarray
    high: np.ndarray
    scale: np.ndarray
    limits: RangeLimits
    growth: np.ndarray
    steady: bool

    @classmethod
    def of(
        cls,
        quantities: Sequence[Quantity],
        readings: Sequence[Reading],
        decoder: FieldModel | TimeByTime,
        calibration: Calibration,
        steady: bool,
    ) -> Self:
        """Of one or more quantities of one field that the decoder gives."""
        bounds = (-np.inf, np.inf) if decoder.scaling is None else (decoder.scaling.low, decoder.scaling.high)
        # The magnitude of a vector has a bound of its own, whatever those of its components.
        low, high = zip(
            *(bounds if read.functional.component is not None else (0.0, np.inf) for read in readings),
            strict=True,
        )
        factors, simultaneous = zip(*(_factors(read, calibration) for read in readings), strict=True)
        limits = RangeLimits.joined(
            [RangeLimits.of(*_range(read, calibration), _size(read, calibration)) for read in readings],
            (decoder.shape[0],),
        )
        changes = [_largest_change(read.functional, calibration) for read in readings]
        return cls(
            tuple(quantity.label for quantity in quantities),
            Readout(readings, decoder),
            np.stack(factors),
            np.array(simultaneous)[:, None],
            np.array(low)[:, None],
            np.array(high)[:, None],
            np.array([read.factor for read in readings])[:, None],
            limits,
            np.maximum(limits.range, np.stack(changes)),
            steady,
        )

    def bands(
        self,
        model: FieldModel | FieldView | TimeByTime,
        z: np.ndarray,
        sigma: np.ndarray,
        field: np.ndarray | None,
        inside: np.ndarray,
        beyond: np.ndarray,
        simultaneous: bool,
    ) -> tuple[dict[str, Band], dict[str, np.ndarray]]:
        """The band of every quantity by label, and (q, [t]) bool where it was wider than the range of the runs.

        model, z, sigma, field: as `Readout` takes them. inside: (q,) whether each query lies in the domain. beyond:
        (q,) as `BeyondRuns` tells it.
        """
        mean, std = self.readout(model, z, sigma, field)
        half = (self.simultaneous if simultaneous else self.factors) * std
        half += model.rounding(mean)
        if beyond.any():
            half += GROWTH * beyond[:, None, None] * self.growth
        lower, upper = mean - half, mean + half
        if np.isfinite(self.low).any() or np.isfinite(self.high).any():
            mean, lower, upper = (np.clip(part, self.low, self.high) for part in (mean, lower, upper))
        band, wide = self.limits.cut(Band(mean, std, lower, upper), inside)
        if (self.scale != 1.0).any():
            scaled = (self.scale * part for part in (band.mean, band.std, band.lower, band.upper))
            band = Band(*scaled)
        each = (0,) if self.steady else (slice(None),)
        places = [(slice(None), k, *each) for k in range(len(self.labels))]
        bands = {
            label: Band(band.mean[at], band.std[at], band.lower[at], band.upper[at])
            for label, at in zip(self.labels, places, strict=True)
        }
        return bands, {label: wide[at] for label, at in zip(self.labels, places, strict=True)}


def _factors(read: Reading, calibration: Calibration) -> tuple[np.ndarray, float]:
    """The factors (t,) of single values, and that of all times together."""
    key = read.functional
    if not _at_place(read):
        factors = calibration.quantities[key]
        return factors.pointwise, float(factors.simultaneous)
    # A place has no runs of its own to be calibrated by: it takes the factors of the corners around it, and on a
    # node exactly the node's.
    factors, index, weight = _corners(read, calibration)
    corners = factors.pointwise[:, index]
    factors_of_corners = corners.max(axis=-1) if key.component is None else corners[..., key.component]
    return factors_of_corners @ weight, float(factors.simultaneous)


def _range(read: Reading, calibration: Calibration) -> tuple[np.ndarray, np.ndarray]:
    """(t,) least and largest value of the functional of all runs."""
    key: Functional = read.functional
    if not _at_place(read):
        factors = calibration.quantities[key]
        return factors.low, factors.high
    factors, index, _ = _corners(read, calibration)
    low, high = factors.low[:, index].min(axis=1), factors.high[:, index].max(axis=1)
    if key.component is None:
        largest = np.linalg.norm(np.maximum(np.abs(low), np.abs(high)), axis=-1)
        return np.zeros_like(largest), largest
    return low[:, key.component], high[:, key.component]


def _size(read: Reading, calibration: Calibration) -> float:
    """The largest magnitude of the field in all runs, below whose rounding a mean of zero differs from run to run."""
    factors = calibration.fields[read.functional.field]
    return float(max(np.abs(factors.low).max(), np.abs(factors.high).max()))


def _largest_change(key: Functional, calibration: Calibration) -> np.ndarray:
    """(t,) the largest range over the runs of any value of the field, for an extreme; else 0.

    A minimum that is the same fixed wall in all runs leaves the wall as soon as values elsewhere fall below it.
    """
    factors = calibration.fields[key.field]
    change = factors.high.astype(np.float64) - factors.low
    if key.statistic not in ("max", "min") or not np.isfinite(change).all():
        return np.zeros(len(change))
    of_value = np.linalg.norm(change, axis=-1) if key.component is None else change[..., key.component]
    return of_value.max(axis=-1)


def _at_place(read: Reading) -> bool:
    return read.selection is not None and read.selection.index is not None


def _corners(read: Reading, calibration: Calibration) -> tuple[Factors, np.ndarray, np.ndarray]:
    assert read.selection is not None
    assert read.selection.index is not None
    return calibration.fields[read.functional.field], read.selection.index, read.selection.weight
