"""Whole latent trajectories as one flat vector for the emulator, step by step for what learns them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.regressors import KindConfig, Movable, regressor_for
from fieldwright.surrogates.trajectory.sequence import SequenceConfig
from fieldwright.surrogates.trajectory.time_as_parameter import TimeAsParameter
from fieldwright.surrogates.trajectory.time_by_time import TimeByTime


class Unrolled:
    """The contract of `surrogates.regressors.Regressor` on the joined trajectories (n, sum_f t r_f) of fields f.

    What rolls out sees each field's coordinates by their share of the field's variance, so that the dominant modes
    weigh most in its loss; a regressor of one time sees all with unit variance.

    weights: for each field (r_f,). times: t. history: how many times a query measures, 0 for none. sizes:
    (sum_f r_f,) what each coordinate weighs in the error of the fields.
    """

    def __init__(
        self,
        config: Any,
        weights: Sequence[np.ndarray],
        times: int,
        history: int,
        sizes: np.ndarray | None = None,
    ) -> None:
        self.config = config
        self.weights = list(weights)
        self.times = times
        self.history = history
        inner = regressor_for(config, sizes)
        self.inner: Any = inner if isinstance(config, SequenceConfig) else TimeAsParameter(inner)

    @classmethod
    def of(cls, config: KindConfig, fields: Sequence[TimeByTime], history: int) -> Self:
        """An unfitted one for the joined trajectories of the fields."""
        rolls = isinstance(config, SequenceConfig)
        shares = [field.instant.shares for field in fields]
        weights = [share / share.max() if rolls else np.ones(len(share)) for share in shares]
        return cls(config, weights, fields[0].times, history if rolls else 0, _sizes(fields, shares))

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int) -> Self:
        """Learns from x (n, p) and joined trajectories z (n, sum_f t r_f)."""
        ends = np.cumsum([self.times * len(weight) for weight in self.weights])[:-1]
        by_field = [one.reshape(len(z), self.times, -1) for one in np.split(z, ends, axis=1)]
        self.inner.fit(x, self._weighted(by_field), seed, self.history)
        return self

    def predict(
        self, x: np.ndarray, history: Sequence[np.ndarray] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, sum_f t r_f), at x (q, p) after the measured (q, h, r_f) of each field."""
        measured = None if history is None else self._weighted(history)
        mean, std = self.inner.predict(x, measured)
        return self._flat(mean), self._flat(std)

    def roll(self, x: np.ndarray, history: Sequence[np.ndarray], steps: int) -> np.ndarray:
        """The mean (q, sum_f steps r_f) of a kind that rolls out, over any number of steps, history included."""
        return self._flat(self.inner.roll(x, self._weighted(history), steps))

    def _weighted(self, fields: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate([z * weight for z, weight in zip(fields, self.weights, strict=True)], axis=2)

    def _flat(self, z: np.ndarray) -> np.ndarray:
        ends = np.cumsum([len(weight) for weight in self.weights])[:-1]
        fields = zip(np.split(z, ends, axis=2), self.weights, strict=True)
        return np.hstack([(one / weight).reshape(len(z), -1) for one, weight in fields])

    def to(self, device: str) -> None:
        """Moves what was learned to a torch device, if the kind can."""
        if isinstance(self.inner, Movable):
            self.inner.to(device)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        arrays = {f"weights.{index}": weight for index, weight in enumerate(self.weights)}
        arrays["times"] = np.array([self.times, self.history])
        return arrays | prefixed("inner.", self.inner.state())

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted one again."""
        weights = part(state, "weights.")
        times, history = state["times"].tolist()
        restored = cls(config, [weights[str(index)] for index in range(len(weights))], times, history)
        inner = part(state, "inner.")
        if isinstance(restored.inner, TimeAsParameter):
            restored.inner = TimeAsParameter.restore_with(type(regressor_for(config)), config, inner)
        else:
            restored.inner = type(restored.inner).restore(config, inner)
        return restored


def regressor_of(config: KindConfig, fields: Sequence[Any], history: int) -> Any:
    """An unfitted regressor of the joined coordinates of the fields, in the form of transients that is asked."""
    if isinstance(fields[0], TimeByTime):
        return Unrolled.of(config, fields, history)
    return regressor_for(config, _sizes(fields, [field.shares for field in fields]))


def _sizes(fields: Sequence[Any], shares: Sequence[np.ndarray]) -> np.ndarray:
    """What each of the joined coordinates weighs: its share in its field, and nothing in one that does not vary.

    Such a field is left by a scaling that explains it; its coordinates are rounding errors, by which no kernel and no
    smoothing may be chosen for the others.
    """
    varying = [field.varies for field in fields]
    factors = varying if any(varying) else [True] * len(fields)
    return np.concatenate([share * factor for share, factor in zip(shares, factors, strict=True)])


def restored_regressor(config: KindConfig, state: Mapping[str, np.ndarray]) -> Any:
    """The regressor of `regressor_of` again."""
    kind = type(regressor_for(config)) if config.transient == "trajectory" else Unrolled
    return kind.restore(config, state)
