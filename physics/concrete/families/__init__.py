"""What surfaces are made of: one file for each family, a function of a random generator and a shape."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fieldwright.physics.concrete.families.asphalt import asphalt
from fieldwright.physics.concrete.families.concrete import concrete
from fieldwright.physics.concrete.families.masonry import masonry
from fieldwright.physics.concrete.families.plaster import plaster
from fieldwright.physics.concrete.noise import Shape
from fieldwright.physics.concrete.relief import Relief
from fieldwright.physics.concrete.settings import Family

MATERIALS: dict[Family, Callable[[np.random.Generator, Shape], Relief]] = {
    "asphalt": asphalt,
    "concrete": concrete,
    "plaster": plaster,
    "masonry": masonry,
}
