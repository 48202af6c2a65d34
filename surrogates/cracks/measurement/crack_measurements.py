"""What was measured on the cracks of a photo, every figure with its bounds and its unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from skimage.measure import approximate_polygon

from fieldwright.surrogates.cracks.measurement.scale import Scale

LINE_OFF = 0.7
"""px by which a drawn line may be off the middle line that it stands for."""


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
    branches: arms beyond two at its junctions. branches_bounds: without those that may be rough edges, and with those
    that were taken for such. tips: ends, those at the photo's edge counted.
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
    branches_bounds: tuple[int, int]
    tips: int
    profile: WidthProfile

    def lines(self) -> list[np.ndarray]:
        """The middle line to be drawn: x and y (n, 2) px of the corners of each arm, at most LINE_OFF beside it."""
        starts = np.flatnonzero(np.diff(self.profile.arm, prepend=-1))[1:]
        points = np.stack([self.profile.x, self.profile.y], axis=1)
        return [approximate_polygon(arm, LINE_OFF) for arm in np.split(points, starts)]

    def as_dict(self, *, profile: bool = True, lines: bool = False) -> dict[str, Any]:
        """For JSON; profile: with the width along the crack. lines: with those to be drawn."""
        values_by_name = _as_json(self, {} if profile else {"profile": None})
        if lines:
            values_by_name["lines"] = [np.round(line, 1).tolist() for line in self.lines()]
        return values_by_name


@dataclass(frozen=True)
class CrackMeasurements:
    """All cracks of a photo.

    length: of all together. mean_width, p95_width, max_width: over the whole length. orientation_deg and its
    bounds: None without a crack. components, branches with their bounds: how many. too_small: specks too small to
    measure. cracks: the longest first.
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
    branches_bounds: tuple[int, int]
    too_small: int
    mm_per_px: float | None
    cracks: tuple[CrackMeasurement, ...]

    def as_dict(self, *, profiles: bool = True, lines: bool = False) -> dict[str, Any]:
        """For JSON; profiles: with the width along every crack. lines: with its middle line to be drawn."""
        cracks = [crack.as_dict(profile=profiles, lines=lines) for crack in self.cracks]
        return _as_json(self, {"cracks": cracks})


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
