"""What surfaces are made of: one file for each family, a function of a random generator and a shape."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from physics.concrete.families.asphalt import asphalt
from physics.concrete.families.concrete import concrete
from physics.concrete.families.masonry import masonry
from physics.concrete.families.plaster import plaster
from physics.concrete.noise import Shape
from physics.concrete.relief import Relief
from physics.concrete.settings import Family

MATERIALS: dict[Family, Callable[[np.random.Generator, Shape], Relief]] = {
    "asphalt": asphalt,
    "concrete": concrete,
    "plaster": plaster,
    "masonry": masonry,
}
