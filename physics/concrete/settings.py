"""What a generated surface shall be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from fieldwright.data.errors import FieldwrightError

Family = Literal["asphalt", "concrete", "plaster", "masonry"]
Pattern = Literal["single", "branching", "network"]
FAMILIES: tuple[Family, ...] = get_args(Family)
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
SMALLEST = 32
THINNEST = 1.0
"""px: a crack narrower than a pixel leaves holes in a mask of pixel centres."""


@dataclass(frozen=True)
class SurfaceSettings:
    """Settings of `fieldwright.physics.concrete.generate`.

    family: "asphalt", "concrete", "plaster", "masonry", or "mixed" (drawn anew for every seed).
    size: height and width of the photo, px, each at least 32.
    crack: whether the surface is cracked.
    pattern: "single" cracks, "branching" ones, an alligator "network", or "mixed" (drawn anew for every seed).
    width_px: narrowest and widest mean width of a crack, px, at least 1.
    distractors: mean number of things that are no cracks: joints, scratches, cables, leaves, paint, stains.
    camera: whether blur, noise, colour cast and JPEG compression of a camera are added.
    """

    family: Family | Literal["mixed"] = "mixed"
    size: tuple[int, int] = (320, 480)
    crack: bool = True
    pattern: Pattern | Literal["mixed"] = "mixed"
    width_px: tuple[float, float] = (1.2, 24.0)
    distractors: float = 1.5
    camera: bool = True

    def __post_init__(self) -> None:
        self._must(
            self.family in (*FAMILIES, "mixed"),
            "family",
            f"one of {', '.join((*FAMILIES, 'mixed'))}",
            self.family,
        )
        self._must(
            self.pattern in (*PATTERNS, "mixed"),
            "pattern",
            f"one of {', '.join((*PATTERNS, 'mixed'))}",
            self.pattern,
        )
        self._must(min(self.size) >= SMALLEST, "size", f"at least {SMALLEST} px each way", self.size)
        narrow, wide = self.width_px
        self._must(
            THINNEST <= narrow <= wide,
            "width_px",
            f"narrowest first and at least {THINNEST:g} px",
            self.width_px,
        )
        self._must(self.distractors >= 0, "distractors", "0 or more", self.distractors)

    @staticmethod
    def _must(holds: bool, name: str, must: str, got: object) -> None:
        if not holds:
            raise FieldwrightError(f"'{name}' of a surface must be {must}", repr(got), f"Change '{name}'")
