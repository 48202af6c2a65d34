"""Shapes on a small grid, with fields that are known in closed form: the potential flow past a circle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from fieldwright.surrogates.fields.description import FieldInfo
from fieldwright.surrogates.shapes.model_evaluation import ShapeEvaluation
from fieldwright.surrogates.shapes.settings import UNetConfig
from fieldwright.surrogates.shapes.shape_surrogate import ShapeSurrogate


@dataclass(frozen=True)
class Circles:
    """Circles in a uniform flow of 1 m/s, on rows x columns points."""

    rows: int = 16
    columns: int = 32
    cell: float = 0.25

    @property
    def points(self) -> np.ndarray:
        y, x = np.mgrid[: self.rows, : self.columns] * self.cell
        return np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)

    def runs(self, number: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Signed distances (n, points) and velocities (n, points, 2), zero within.

        u = 1 - a^2 (dx^2 - dy^2) / r^4, v = -2 a^2 dx dy / r^4, with x measured from the circle of radius a.
        """
        rng = np.random.default_rng(seed)
        distance, velocity = [], []
        for _ in range(number):
            a, cx, cy = rng.uniform(0.5, 0.9), rng.uniform(2.0, 4.0), rng.uniform(1.5, 2.3)
            dx, dy = self.points[:, 0] - cx, self.points[:, 1] - cy
            r = np.maximum(np.hypot(dx, dy), 1e-9)
            u = 1.0 - a**2 * (dx**2 - dy**2) / r**4
            v = -2.0 * a**2 * dx * dy / r**4
            distance.append(r - a)
            velocity.append(np.stack([u, v], axis=1) * (r >= a)[:, None])
        return np.array(distance), np.array(velocity)

    def images(self, distance: np.ndarray) -> np.ndarray:
        return distance.reshape(-1, self.rows, self.columns)

    def train(
        self, distance: np.ndarray, velocity: np.ndarray, **more
    ) -> tuple[ShapeSurrogate, ShapeEvaluation]:
        field = FieldInfo(name="u", unit="m/s", components=("x", "y"), n_points=self.rows * self.columns)
        settings = {
            "config": UNetConfig(members=2, widths=(8, 12), steps=150, learning_rate=5e-3, held_out=0.4),
            "x": np.zeros((len(distance), 0)),
            "parameters": (),
            "mirror": ("y",),
        } | more
        return ShapeSurrogate.train(
            distance=distance,
            targets={"u": velocity},
            fields=[field],
            points=self.points,
            unit="m",
            seed=0,
            name="circles",
            **settings,
        )


@dataclass(frozen=True, eq=False)
class Trained:
    surrogate: ShapeSurrogate
    evaluation: ShapeEvaluation
    distance: np.ndarray
    velocity: np.ndarray


@pytest.fixture(scope="session")
def circles() -> Circles:
    return Circles()


@pytest.fixture(scope="session")
def trained(circles: Circles) -> Trained:
    distance, velocity = circles.runs(50, seed=0)
    return Trained(*circles.train(distance, velocity), distance, velocity)
