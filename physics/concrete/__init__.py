"""Photos of concrete, asphalt, plaster and masonry with cracks known exactly, drawn from a seed."""

from __future__ import annotations

from fieldwright.physics.concrete.crack import Crack
from fieldwright.physics.concrete.settings import SurfaceSettings
from fieldwright.physics.concrete.surface import CrackedSurface, generate

__all__ = ["Crack", "CrackedSurface", "SurfaceSettings", "generate"]
