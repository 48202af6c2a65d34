"""The scale on which each parameter enters the model: as given, its logarithm, or its reciprocal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from data.errors import ModelError
from surrogates.radial_basis import CubicRBF
from surrogates.scaler import Scaler

AS_GIVEN, LOGARITHM, RECIPROCAL = 0, 1, 2
SCALES = {"raw": AS_GIVEN, "log": LOGARITHM, "reciprocal": RECIPROCAL}
LEAST_RATIO = 1.5
"""Of a parameter's largest and least value; over a narrower range the three scales hardly differ."""
LEAST_GAIN = 0.2
"""By which share a scale must lower the squared error to be taken: chance alone lowers it a little."""
NEGLIGIBLE = 1e-10
"""Squared error, relative to that of the mean, that leaves nothing to be gained."""
SWEEPS = 2
MOST_RUNS = 200
FAR_BELOW = 1e-3


@dataclass(frozen=True, eq=False)
class InputTransform:
    """u_j = x_j, log x_j or 1/x_j, whichever lets a cubic RBF predict left-out runs best.

    A displacement goes with 1/E, a boundary layer with log nu; a model that is given them so needs fewer
    runs. The choice is made anew in every fold of a cross-validation, from the runs of that fold alone.

    scale: (p,) AS_GIVEN, LOGARITHM or RECIPROCAL. least: (p,) the training minimum.
    """

    scale: np.ndarray
    least: np.ndarray

    @classmethod
    def as_given(cls, x: np.ndarray) -> Self:
        """No change of any parameter of x (n, p)."""
        return cls(np.zeros(x.shape[1], dtype=np.int64), x.min(axis=0))

    @classmethod
    def choose(
        cls, x: np.ndarray, latent: np.ndarray, seed: int, asked: str | Sequence[str] = "auto"
    ) -> Self:
        """Greedily, parameter by parameter, by the leave-one-out error of the latent coordinates.

        x: (n, p). latent: (n, r), each coordinate scaled by the share of the fields that it carries.
        asked: "auto", "raw", "log" or "reciprocal" for each parameter, or one for all; only "auto" is free.
        Raises ModelError for a logarithm or reciprocal of a parameter that is not positive.
        """
        asked = [asked] * x.shape[1] if isinstance(asked, str) else list(asked)
        if len(asked) != x.shape[1]:
            raise ModelError(
                f"'inputs' must name a scale for each of the {x.shape[1]} parameters",
                f"{len(asked)}",
                "Add the others",
            )
        chosen = cls(np.array([SCALES.get(scale, AS_GIVEN) for scale in asked]), x.min(axis=0))
        for j in np.flatnonzero((chosen.scale != AS_GIVEN) & (chosen.least <= 0.0)).tolist():
            raise ModelError(
                f"A parameter on the scale '{asked[j]}' must be positive in all runs",
                f"{chosen.least[j]:g} for parameter {j + 1}",
                "Leave its scale out of the study file",
            )
        free = [j for j, column in enumerate(x.T) if column.min() > 0.0 and np.ptp(column) > 0.0]
        free = [j for j in free if asked[j] == "auto"]
        free = [j for j in free if x[:, j].max() > LEAST_RATIO * x[:, j].min()]
        if len(x) < x.shape[1] + 3 or not free:
            return chosen
        rows = np.random.default_rng(seed).permutation(len(x))[:MOST_RUNS]
        least = chosen._error(x[rows], latent[rows])
        enough = NEGLIGIBLE * float(np.sum((latent[rows] - latent[rows].mean(axis=0)) ** 2))
        for _ in range(SWEEPS):
            before = chosen
            for j in free:
                for scale in (AS_GIVEN, LOGARITHM, RECIPROCAL):
                    tried = cls(np.where(np.arange(x.shape[1]) == j, scale, chosen.scale), chosen.least)
                    error = tried._error(x[rows], latent[rows])
                    if least > enough and error < (1.0 - LEAST_GAIN) * least:
                        chosen, least = tried, error
            if chosen is before:
                break
        return chosen

    def _error(self, x: np.ndarray, latent: np.ndarray) -> float:
        u = self(x)
        return float(np.sum(CubicRBF.fit(Scaler.fit(u).scaled(u), latent)[1] ** 2))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Transformed parameters (q, p); logarithm and reciprocal stop at 0.001 of the least run."""
        positive = np.maximum(x, FAR_BELOW * np.abs(self.least) + np.finfo(float).tiny)
        u = np.where(self.scale == LOGARITHM, np.log(positive), x)
        return np.where(self.scale == RECIPROCAL, 1.0 / positive, u)

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        return {"scale": self.scale, "least": self.least}

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """The transform again."""
        return cls(state["scale"], state["least"])
