"""From pixels to millimetres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from fieldwright.data.errors import FieldwrightError


@dataclass(frozen=True)
class Scale:
    """Millimetres on the surface that a pixel spans; the same all over the photo, which was taken squarely.

    mm_per_px: positive. relative_error: share of it that the scale may be off, which widens every length in mm.
    """

    mm_per_px: float
    relative_error: float = 0.0

    def __post_init__(self) -> None:
        if not self.mm_per_px > 0.0:
            raise FieldwrightError(
                "A scale must have more than 0 mm per pixel",
                f"{self.mm_per_px!r}",
                "Measure a known length in the photo",
            )
        if not 0.0 <= self.relative_error < 1.0:
            raise FieldwrightError(
                "The relative error of a scale must lie in 0..1",
                f"{self.relative_error!r}",
                "Give a share such as 0.02",
            )

    @classmethod
    def of_camera(
        cls, *, distance_mm: float, focal_length_mm: float, pixel_pitch_um: float, relative_error: float = 0.0
    ) -> Self:
        """Scale of a camera square to the surface, by the pinhole: mm_per_px = pitch * distance / focal length.

        distance_mm: lens to surface. focal_length_mm: the real one, not that of a 35 mm equivalent. pixel_pitch_um:
        distance between neighbouring pixels on the sensor, in micrometres.
        """
        for name, value in (
            ("distance_mm", distance_mm),
            ("focal_length_mm", focal_length_mm),
            ("pixel_pitch_um", pixel_pitch_um),
        ):
            if not value > 0.0:
                raise FieldwrightError(
                    f"'{name}' must be positive", repr(value), "Take it from the camera's data sheet"
                )
        return cls(1e-3 * pixel_pitch_um * distance_mm / focal_length_mm, relative_error)
