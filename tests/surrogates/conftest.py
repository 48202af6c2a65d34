"""Small families of runs with known truth, shared by the tests of the surrogates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from fieldwright.data.mesh.measures import point_shares
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.reductions import ReductionConfig, reduction_config
from fieldwright.surrogates.regressors import KindConfig, kind_config
from fieldwright.surrogates.validation.cross_validation import CrossValidation, cross_validate


@dataclass(frozen=True, eq=False)
class Plate:
    """A made-up heated plate: two parameters, a steady scalar and a transient vector field on triangles."""

    points: np.ndarray
    cells: dict[str, np.ndarray]
    times: tuple[float, ...] = (0.0, 0.5, 1.0)

    def parameters(self, n: int, seed: int) -> np.ndarray:
        """(n, 2) conductivity in 0.5..2 W/(m K) and heat flux in 100..400 W/m2."""
        return np.random.default_rng(seed).uniform([0.5, 100.0], [2.0, 400.0], (n, 2))

    def fields(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """temperature (n, points, 1) [K] and velocity (n, times, points, 2) [m/s]."""
        k, q = x[:, :1], x[:, 1:] / 100.0
        a, b = self.points[:, 0], self.points[:, 1]
        temperature = 293.0 + q * np.sin(1.5 * k * a) + (k * b) ** 2
        time = np.array(self.times)[None, :, None]
        u = np.sin(k * a)[:, None] * np.exp(-time) * q[..., None]
        v = np.cos(k * b)[:, None] * (1.0 + time)
        return {"temperature": temperature[..., None], "velocity": np.stack([u, v], axis=-1)}

    @property
    def infos(self) -> list[FieldInfo]:
        n = len(self.points)
        return [
            FieldInfo(name="temperature", unit="K", n_points=n),
            FieldInfo(name="velocity", unit="m/s", components=("x", "y"), times=self.times, n_points=n),
        ]

    def held_out(self, config: KindConfig, n: int, *, folds: int = 5, seed: int = 0) -> CrossValidation:
        x = self.parameters(n, seed)
        return cross_validate(
            config, self.reductions, x, self.fields(x), folds=folds, seed=seed, weights=self.weights
        )

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """The area that each point stands for, of both fields."""
        return dict.fromkeys(("temperature", "velocity"), point_shares(Mesh(self.points, self.cells)))

    @property
    def reductions(self) -> dict[str, ReductionConfig]:
        return {
            name: reduction_config({"kind": "svd", "energy": 0.99999}) for name in ("temperature", "velocity")
        }

    def train(
        self, kind: str, n: int = 40, *, folds: int = 5, coverage: float = 0.9, seed: int = 0, **settings
    ) -> Surrogate:
        config = kind_config({"kind": kind, **settings})
        x = self.parameters(n, seed)
        held_out = self.held_out(config, n, folds=folds, seed=seed)
        return self.train_on(config, x, self.fields(x), held_out, coverage=coverage, seed=seed)

    def train_on(
        self,
        config: KindConfig,
        x: np.ndarray,
        targets: dict[str, np.ndarray],
        held_out: CrossValidation,
        *,
        coverage: float = 0.9,
        seed: int = 0,
        reductions: dict[str, ReductionConfig] | None = None,
    ) -> Surrogate:
        return Surrogate.train(
            config,
            reductions or {name: self.reductions[name] for name in targets},
            x,
            targets,
            parameters=[ParameterInfo(name="k", unit="W/(m K)"), ParameterInfo(name="q", unit="W/m2")],
            fields=[info for info in self.infos if info.name in targets],
            points=dict.fromkeys(targets, self.points),
            cells=self.cells,
            weights={name: self.weights[name] for name in targets},
            cross_validation=held_out,
            coverage=coverage,
            seed=seed,
            name="plate",
        )


@pytest.fixture(scope="session")
def plate() -> Plate:
    side = np.linspace(0.0, 1.0, 6)
    a, b = np.meshgrid(side, side, indexing="ij")
    points = np.stack([a.ravel(), b.ravel(), np.zeros(a.size)], axis=1)
    corner = (np.arange(5)[:, None] * 6 + np.arange(5)).ravel()
    lower = np.stack([corner, corner + 6, corner + 7], axis=1)
    upper = np.stack([corner, corner + 7, corner + 1], axis=1)
    return Plate(points, {"triangle": np.vstack([lower, upper])})


@pytest.fixture(scope="session")
def surrogate(plate: Plate) -> Surrogate:
    return plate.train("bayes")


@pytest.fixture(scope="session")
def smooth() -> Callable[[np.ndarray], np.ndarray]:
    """A smooth function (n, 2) to (n, 3) with outputs of about unit variance."""

    def function(x: np.ndarray) -> np.ndarray:
        return np.stack(
            [np.sin(x[:, 0]) + 0.3 * x[:, 1], np.cos(x[:, 0] * 0.7 + x[:, 1]), x[:, 0] * x[:, 1]], axis=1
        )

    return function
