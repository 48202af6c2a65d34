"""A regressor of one time that is given the time as one more parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from fieldwright.surrogates.regressors import LatentRegressor, Movable


class TimeAsParameter:
    """z(t_k) = f(x, tau_k), tau_k = 2 sqrt(3) (k / (t - 1) - 1/2): evenly spaced, of about unit variance.

    tau counts the times rather than the seconds, so that a run stored densely where it changes fast is seen so.
    All times of a run are samples of their own; runs, never single times, are held out by a cross-validation.
    """

    def __init__(self, regressor: LatentRegressor) -> None:
        self.regressor = regressor

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int, history: int = 0) -> Self:
        """Learns from x (n, p) and trajectories z (n, t, r)."""
        self.times_ = z.shape[1]
        self.regressor.fit(self._rows(x), z.reshape(-1, z.shape[2]), seed)
        return self

    def predict(self, x: np.ndarray, history: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, t, r), at x (q, p)."""
        mean, std = self.regressor.predict(self._rows(x))
        return mean.reshape(len(x), self.times_, -1), std.reshape(len(x), self.times_, -1)

    def _rows(self, x: np.ndarray) -> np.ndarray:
        tau = 2.0 * np.sqrt(3.0) * np.linspace(-0.5, 0.5, self.times_)
        return np.hstack([np.repeat(x, self.times_, axis=0), np.tile(tau, len(x))[:, None]])

    def to(self, device: str) -> None:
        """Moves what was learned to a torch device, if the kind can."""
        if isinstance(self.regressor, Movable):
            self.regressor.to(device)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        return self.regressor.state() | {"times": np.array(self.times_)}

    @classmethod
    def restore_with(cls, kind: type[LatentRegressor], config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted regressor of a kind again."""
        restored = cls(
            kind.restore(config, {name: array for name, array in state.items() if name != "times"})
        )
        restored.times_ = int(state["times"])
        return restored
