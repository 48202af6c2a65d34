"""What was measured on the cracks of a photo, every figure with its bounds and its unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fieldwright.surrogates.cracks.measurement.scale import Scale


@dataclass(frozen=True)
class MeasuredQuantity:
    """A figure between its bounds; unit: "px", "mm", "px2", "mm2" or "deg"."""

    value: float
    lower: float
    upper: float
    unit: str

    def scaled(self, scale: Scale | None, power: int = 1) -> MeasuredQuantity:
        """The same in mm or mm2, the bounds widened by the error of the scale; itself where no scale is known."""
        if scale is None:
            return self
        factor, error = scale.mm_per_px**power, scale.relative_error
        lower, upper = (
            self.lower * factor * (1.0 - error) ** power,
            self.upper * factor * (1.0 + error) ** power,
        )
        return MeasuredQuantity(self.value * factor, lower, upper, "mm" if power == 1 else "mm2")


@dataclass(frozen=True)
class WidthProfile:
    """Width along the middle line of a crack, arm by arm.

    arm: (n,) number of the arm. along: (n,) way from the arm's beginning. x, y: (n,) px in the photo. width: (n,).
    defined: (n,) bool, False within junctions and at tips, where the width is interpolated. unit: of along and width.
    """

    arm: np.ndarray
    along: np.ndarray
    x: np.ndarray
    y: np.ndarray
    width: np.ndarray
    defined: np.ndarray
    unit: str


@dataclass(frozen=True)
class CrackMeasurement:
    """One connected crack.

    box: top, left, bottom, right in px, the last two excluded. orientation_deg: mean direction, 0 level, 90 upright,
    in [0, 180). orientation_bounds_deg: round it, below 0 or beyond 180 too.
    branches: arms beyond two at its junctions. tips: ends, those at the photo's edge counted.
    """

    number: int
    box: tuple[int, int, int, int]
    length: MeasuredQuantity
    mean_width: MeasuredQuantity
    p95_width: MeasuredQuantity
    max_width: MeasuredQuantity
    area: MeasuredQuantity
    orientation_deg: float
    orientation_bounds_deg: tuple[float, float]
    branches: int
    tips: int
    profile: WidthProfile

    def as_dict(self, *, profile: bool = True) -> dict[str, Any]:
        """For JSON; profile: with the width along the crack."""
        return _as_json(self, {} if profile else {"profile": None})


@dataclass(frozen=True)
class CrackMeasurements:
    """All cracks of a photo.

    length: of all together. mean_width, p95_width, max_width: over the whole length. orientation_deg and its
    bounds: None without a crack. components, branches: how many. too_small: specks too small to measure. cracks: the
    longest first.
    """

    length: MeasuredQuantity
    mean_width: MeasuredQuantity
    p95_width: MeasuredQuantity
    max_width: MeasuredQuantity
    area: MeasuredQuantity
    orientation_deg: float | None
    orientation_bounds_deg: tuple[float, float] | None
    components: int
    branches: int
    too_small: int
    mm_per_px: float | None
    cracks: tuple[CrackMeasurement, ...]

    def as_dict(self, *, profiles: bool = True) -> dict[str, Any]:
        """For JSON; profiles: with the width along every crack."""
        return _as_json(self, {"cracks": [crack.as_dict(profile=profiles) for crack in self.cracks]})


def _as_json(thing: Any, instead: dict[str, Any]) -> dict[str, Any]:
    values_by_name: dict[str, Any] = {}
    for name in thing.__dataclass_fields__:
        value = getattr(thing, name)
        if name in instead:
            if instead[name] is not None:
                values_by_name[name] = instead[name]
        elif isinstance(value, MeasuredQuantity | WidthProfile):
            values_by_name[name] = _as_json(value, {})
        elif isinstance(value, np.ndarray):
            values_by_name[name] = (
                np.round(value.astype(float), 3).tolist() if value.dtype.kind == "f" else value.tolist()
            )
        else:
            values_by_name[name] = value
    return values_by_name
