"""How much the cracks of a place have grown between two photos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import binary_dilation
from skimage.transform import ProjectiveTransform, warp

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.cracks.measurement.crack_measurements import CrackMeasurements, MeasuredQuantity
from fieldwright.surrogates.cracks.measurement.measure import measure
from fieldwright.surrogates.cracks.measurement.outlines import Outlines
from fieldwright.surrogates.cracks.measurement.registration import Registration, register
from fieldwright.surrogates.cracks.measurement.scale import Scale

LEAST_COMMON = 0.25
"""Share of the first photo that the second must show."""


@dataclass(frozen=True)
class CrackChange:
    """Growth from the first to the second photo, in the first photo's pixels or in mm, within what both show.

    length, mean_width, max_width: after less before; bounds from those of both, added as squares.
    new: (h, w) bool, crack of the second photo that lies further than the registration's error from any of the first,
    in the first photo's frame.
    common: share of the first photo that both show.
    """

    length: MeasuredQuantity
    mean_width: MeasuredQuantity
    max_width: MeasuredQuantity
    before: CrackMeasurements
    after: CrackMeasurements
    new: np.ndarray
    common: float
    registration: Registration

    def as_dict(self) -> dict[str, Any]:
        """For JSON, without the pictures."""
        growth = {name: vars(getattr(self, name)) for name in ("length", "mean_width", "max_width")}
        both = {name: getattr(self, name).as_dict(profiles=False) for name in ("before", "after")}
        registration = {
            "matches": self.registration.matches,
            "share": self.registration.share,
            "off_px": self.registration.off,
            "matrix": self.registration.matrix.tolist(),
        }
        return {
            **growth,
            **both,
            "new_px2": int(self.new.sum()),
            "common": self.common,
            "registration": registration,
        }


def change(
    before: np.ndarray,
    after: np.ndarray,
    before_mask: np.ndarray,
    after_mask: np.ndarray,
    *,
    scale: Scale | None = None,
    before_limits: Outlines | None = None,
    after_limits: Outlines | None = None,
    seed: int = 0,
) -> CrackChange:
    """Compare the cracks of two photos (h, w, 3) uint8 of one place, with their masks (h, w) bool.

    The second photo is laid upon the first by `register`. scale: of the first photo. before_limits, after_limits: of
    the masks, by their probability; without them the bounds are those of pixels alone. Raises QueryError where they
    cannot be laid upon each other or share too little.
    """
    for which, photo, mask in (("first", before, before_mask), ("second", after, after_mask)):
        if photo.shape[:2] != mask.shape:
            raise QueryError(
                f"The {which} photo and its mask must be of one size",
                f"{photo.shape[:2]} and {mask.shape}",
                "Give its own",
            )
    registration = register(before, after, seed=seed)
    way = ProjectiveTransform(matrix=registration.matrix)
    shape = before_mask.shape

    def laid_upon(mask: np.ndarray) -> np.ndarray:
        return np.asarray(warp(mask.astype(np.float32), way, output_shape=shape, order=1)) >= 0.5

    laid = laid_upon(after_mask)
    common_area = (
        np.asarray(warp(np.ones(after_mask.shape, np.float32), way, output_shape=shape, order=0)) > 0.5
    )
    common = float(common_area.mean())
    if common < LEAST_COMMON:
        raise QueryError(
            f"The second photo must show at least {LEAST_COMMON:.0%} of the first",
            f"{common:.0%}",
            "Take it from nearly the same place",
        )
    first = measure(before_mask & common_area, scale=scale, limits=_within(before_limits, common_area))
    laid_limits = None
    if after_limits is not None:
        laid_limits = Outlines(laid_upon(after_limits.inner) & laid, laid_upon(after_limits.outer) | laid)
    second = measure(laid & common_area, scale=scale, limits=_within(laid_limits, common_area))
    near = int(np.ceil(2.0 + 2.0 * registration.off))
    new = laid & common_area & ~np.asarray(binary_dilation(before_mask, iterations=near), dtype=bool)
    return CrackChange(
        _growth(first.length, second.length),
        _growth(first.mean_width, second.mean_width),
        _growth(first.max_width, second.max_width),
        first,
        second,
        new,
        common,
        registration,
    )


def _within(limits: Outlines | None, area: np.ndarray) -> Outlines | None:
    return None if limits is None else Outlines(limits.inner & area, limits.outer & area)


def _growth(before: MeasuredQuantity, after: MeasuredQuantity) -> MeasuredQuantity:
    value = after.value - before.value
    below = np.hypot(after.value - after.lower, before.upper - before.value)
    above = np.hypot(after.upper - after.value, before.value - before.lower)
    return MeasuredQuantity(value, float(value - below), float(value + above), after.unit)
