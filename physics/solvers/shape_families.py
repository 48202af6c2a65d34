"""Shapes at random: simple ones to learn from, and others to try what was learnt on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fieldwright.physics.solvers.shapes import ellipse, naca, placed, plus, rectangle, regular_polygon, star


@dataclass(frozen=True, eq=False)
class PlacedShape:
    """A shape [m] where it stands in the flow: its family and its outline (k, 2)."""

    family: str
    outline: np.ndarray


Draw = Callable[[np.random.Generator], np.ndarray]

SIMPLE: dict[str, Draw] = {
    "circle": lambda rng: ellipse(size := rng.uniform(0.7, 1.5), size),
    "ellipse": lambda rng: ellipse(rng.uniform(0.8, 1.8), rng.uniform(0.3, 1.1)),
    "rectangle": lambda rng: rectangle(rng.uniform(0.6, 1.5), rng.uniform(0.3, 1.0)),
}
"""By family, the outline about the origin [m], with sizes about those of a body of one metre."""
OTHER: dict[str, Draw] = {
    "triangle": lambda rng: regular_polygon(3, rng.uniform(1.1, 1.6)),
    "plus": lambda rng: plus(rng.uniform(1.0, 1.5), rng.uniform(0.35, 0.5)),
    "star": lambda rng: star(int(rng.integers(4, 7)), rng.uniform(1.1, 1.6), rng.uniform(0.5, 0.7)),
    "airfoil": lambda rng: (
        rng.uniform(1.6, 2.0) * (naca(rng.uniform(0.0, 0.06), 0.4, rng.uniform(0.15, 0.25)) - [0.5, 0.0])
    ),
}
TURN = {"airfoil": 0.35}
"""Largest angle [rad] either way, where a family does not stand in the flow any way round."""


def shapes(families: dict[str, Draw], number: int, seed: int) -> list[PlacedShape]:
    """So many shapes, family by family in turn, each of its own size, angle and place.

    Centres lie in 2.5 to 3.1 m by 2.0 to 2.8 m. A shape is the same however many are asked for.
    """
    shapes_of_family = []
    for k in range(number):
        rng = np.random.default_rng([seed, k])
        family = list(families)[k % len(families)]
        outline = families[family](rng)
        angle = rng.uniform(-1.0, 1.0) * TURN.get(family, np.pi)
        centre = (rng.uniform(2.5, 3.1), rng.uniform(2.0, 2.8))
        shapes_of_family.append(PlacedShape(family, placed(outline, centre, angle)))
    return shapes_of_family
