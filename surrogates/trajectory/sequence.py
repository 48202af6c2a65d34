"""The contract of the kinds that roll a transient out step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, Self

import numpy as np

from fieldwright.surrogates.regressors import KindConfig


class SequenceConfig(KindConfig):
    """Settings of a kind that rolls out; its transients are reduced time by time."""

    transient: Literal["rollout"] = "rollout"

    @classmethod
    def suits(cls, runs: int, parameters: int, times: int | None) -> bool:
        """Where there are steps to roll out."""
        return times is not None and times >= 4


class SequenceRegressor(Protocol):
    """Parameters, and a measured first stretch where there is one, to a whole latent trajectory.

    Like `fieldwright.surrogates.regressors.Regressor`: the constructor only stores, what is learned ends in `_`.
    """

    config: Any

    def __init__(self, config: Any) -> None: ...

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int, history: int = 0) -> Self:
        """Learns from x (n, p) and trajectories z (n, t, r), both scaled; `history` times will be measured."""
        ...

    def roll(self, x: np.ndarray, history: np.ndarray | None, steps: int) -> np.ndarray:
        """The mean (q, steps, r) rolled out freely from x (q, p) and the measured history (q, h, r).

        steps may exceed those of training: the roll-out simply goes on.
        """
        ...

    def predict(self, x: np.ndarray, history: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, t, r), over the times of training; the history comes back as it was given."""
        ...

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        ...

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted model again, without pickle."""
        ...
