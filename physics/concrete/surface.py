"""A photo of a concrete surface with its cracks known exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldwright.physics.concrete.camera import photograph, to_bytes
from fieldwright.physics.concrete.crack import Crack
from fieldwright.physics.concrete.crack_distance import crack_distance
from fieldwright.physics.concrete.crack_pattern import draw, pieces
from fieldwright.physics.concrete.crack_shading import shade_crack
from fieldwright.physics.concrete.dirt import soil_surface
from fieldwright.physics.concrete.distractors import ABOVE, BEFORE, distract
from fieldwright.physics.concrete.families import MATERIALS
from fieldwright.physics.concrete.lighting import shadows, slant, uneven
from fieldwright.physics.concrete.settings import FAMILIES, PATTERNS, Family, SurfaceSettings


@dataclass(frozen=True)
class CrackedSurface:
    """A photo and the truth about its cracks.

    photo: (h, w, 3) uint8. mask: (h, w) bool, pixels whose centre lies in a crack. cracks: their pieces within the
    photo. family: of which material it is.
    """

    photo: np.ndarray
    mask: np.ndarray
    cracks: tuple[Crack, ...]
    family: Family

    @property
    def length_px(self) -> float:
        """Total length of the centrelines, px."""
        return float(sum(crack.length_px for crack in self.cracks))

    @property
    def branches(self) -> int:
        """How many cracks leave another one."""
        return sum(crack.parent is not None for crack in self.cracks)

    @property
    def widths_px(self) -> np.ndarray:
        """Width (n,) at every half pixel along all cracks, px."""
        return np.concatenate([crack.width for crack in self.cracks]) if self.cracks else np.zeros(0)

    @property
    def mean_width_px(self) -> float:
        """Mean width along the cracks, px; 0 without crack."""
        return float(self.widths_px.mean()) if self.cracks else 0.0

    @property
    def max_width_px(self) -> float:
        """Greatest width, px; 0 without crack."""
        return float(self.widths_px.max()) if self.cracks else 0.0

    @property
    def p95_width_px(self) -> float:
        """Width that 95 % of the length stay below, px; 0 without crack."""
        return float(np.quantile(self.widths_px, 0.95)) if self.cracks else 0.0


def generate(settings: SurfaceSettings, seed: int) -> CrackedSurface:
    """Draw a surface; the same settings and seed give the same bytes.

    Geometry, material and camera draw from streams of their own: a surface keeps its cracks without the camera.
    """
    geometry, material, light_and_lens = (
        np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(3)
    )
    shape = settings.size
    family = (
        settings.family if settings.family != "mixed" else FAMILIES[material.choice(len(FAMILIES), p=SHARES)]
    )
    pattern = (
        settings.pattern
        if settings.pattern != "mixed"
        else PATTERNS[geometry.choice(len(PATTERNS), p=(0.4, 0.42, 0.18))]
    )
    cracks = draw(geometry, shape, pattern, settings.width_px) if settings.crack else []
    relief = MATERIALS[family](material, shape)
    soil_surface(material, relief.colour)
    distract(material, relief.colour, BEFORE, 0.6 * settings.distractors)
    turn = material.uniform(0, 2 * np.pi)
    light = np.array([np.cos(turn), np.sin(turn)])
    mask = np.zeros(shape, dtype=bool)
    if cracks:
        path, width = np.concatenate([c.path for c in cracks]), np.concatenate([c.width for c in cracks])
        distance = crack_distance(path, width, shape, beyond=6.0)
        mask = distance <= 0.0
        shade_crack(material, relief, distance, light)
    slant(relief, light, material.uniform(0.0, 0.55))
    above = np.zeros_like(relief.colour) if mask.any() else relief.colour
    if above is relief.colour:
        distract(material, above, ABOVE, 0.25 * settings.distractors)
    uneven(material, relief.colour)
    shadows(material, relief.colour)
    photo = photograph(light_and_lens, relief.colour) if settings.camera else to_bytes(relief.colour)
    return CrackedSurface(photo, mask, pieces(cracks, shape), family)


SHARES = (0.38, 0.37, 0.17, 0.08)
"""How often the families are drawn where the settings say "mixed", in the order of FAMILIES."""
