"""One transient field whose every time is reduced by the same basis, beside the POD of whole trajectories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.fields.field_view import FieldView, LinearChanges
from fieldwright.surrogates.fields.transforms.field_scaling import FieldScaling
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.reductions.svd import SVDConfig

FREE_ERROR, FREE_RANK = 1e-4, 40
"""Projection error to reach, with so many modes at most, where a study leaves the rank of an SVD open."""


class TimeByTime:
    """field(t_k) = decode(z_k): the contract of `FieldModel` with latent (q, t * r), the r of each time together.

    instant: the model of the field at one time, learned from the snapshots of all times of all runs.
    times: number t of times.
    """

    def __init__(self, instant: FieldModel, times: int) -> None:
        self.instant = instant
        self.times = times

    @classmethod
    def fit(
        cls,
        config: ReductionConfig,
        values: np.ndarray,
        seed: int,
        logarithmic: bool = False,
        scaling: FieldScaling | None = None,
        rounded: float = 0.0,
        weights: np.ndarray | None = None,
    ) -> tuple[Self, np.ndarray]:
        """Learns from values (n, t, points, components); returns the model and the scaled latent (n, t * r).

        logarithmic, scaling, rounded, weights: as `FieldModel.fit` has them. Raises ModelError for a steady field.
        """
        if values.ndim != 4 or values.shape[1] < 2:
            raise ModelError(
                "A candidate that rolls out or takes the time as a parameter must learn transient fields",
                f"a field without times, of shape {values.shape}",
                "Use a kind such as 'gp' with transient = \"trajectory\", or take in runs with their times",
            )
        n, times = values.shape[:2]
        snapshots = values.reshape(n * times, *values.shape[2:])
        if isinstance(config, SVDConfig) and config.free:
            config = config.model_copy(
                update={"error": FREE_ERROR, "rank": min(FREE_RANK, len(snapshots), snapshots[0].size)}
            )
        instant, latent = FieldModel.fit(config, snapshots, seed, logarithmic, scaling, rounded, weights)
        return cls(instant, times), latent.reshape(n, -1)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(t, points, components) of one run."""
        return (self.times, *self.instant.shape[1:])

    @property
    def divisible(self) -> bool:
        """As that of one time."""
        return self.instant.divisible

    def at_points(self, start: int, stop: int) -> Self:
        """The model at the points start..stop alone, where it is divisible."""
        return type(self)(self.instant.at_points(start, stop), self.times)

    @property
    def rank(self) -> int:
        """Number t * r of latent coordinates of a trajectory."""
        return self.times * self.instant.rank

    @property
    def varies(self) -> bool:
        """Whether runs and times differ by more than rounding."""
        return self.instant.varies

    @property
    def shares(self) -> np.ndarray:
        """(t * r,) root of the share of each coordinate in the latent variance of all times."""
        return np.tile(self.instant.shares, self.times) / np.sqrt(self.times)

    @property
    def scaling(self) -> FieldScaling | None:
        """How the field was scaled."""
        return self.instant.scaling

    def at(self, x: np.ndarray) -> Self | FieldView:
        """The decoder into the unit of the field at queries of the parameters x (q, p)."""
        return self if self.scaling is None else self.scaling.view(self, x)

    def encode(self, x: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Scaled latent (q, h, r) of measured values (q, h, points, components) at the parameters x (q, p)."""
        q, h = values.shape[:2]
        values = values if self.scaling is None else self.scaling.scaled(x, values)
        return self.instant.encode(values.reshape(q * h, *values.shape[2:])).reshape(q, h, -1)

    def mean(self, z: np.ndarray) -> np.ndarray:
        """The field (q, times, points, components) of scaled coordinates z (q, times * r)."""
        return self._by_run(self.instant.mean(self._by_time(z)), len(z))

    def std(self, z: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        """The std (q, times, points, components) of the field where z has the std sigma, both (q, times * r)."""
        return self._by_run(self.instant.std(self._by_time(z), self._by_time(sigma)), len(z))

    def lost_variance(self, mean: np.ndarray) -> np.ndarray:
        """The variance (1 or q, 1 or times, points, components) that the reduction loses, about fields `mean`."""
        return self.instant.lost_variance(mean)

    def rounding(self, mean: np.ndarray) -> np.ndarray | float:
        """Size of the rounding errors of the field, or of a number read off it, at the value `mean`."""
        return self.instant.rounding(mean)

    def linear(self, z: np.ndarray, sigma: np.ndarray) -> LinearChanges | None:
        """The changes of the field with one std of each coordinate of a time, where they are modes; else None."""
        at_once = self.instant.linear(self._by_time(z), self._by_time(sigma))
        if at_once is None:
            return None
        return LinearChanges(at_once.modes, at_once.spreads.reshape(len(at_once.spreads), len(z), -1))

    def sensitivities(self, z: np.ndarray, sigma: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """For each coordinate r of a time: d field / d z_r, (1 or q, 1 or times, points, components), and its std.

        The stds are (q, times); the times move independently of each other.
        """
        for change, spread in self.instant.sensitivities(self._by_time(z), self._by_time(sigma)):
            together = change if len(change) == 1 else self._by_run(change, len(z))
            yield together, spread.reshape(len(z), -1)

    def _by_time(self, z: np.ndarray) -> np.ndarray:
        return z.reshape(-1, self.instant.rank)

    @staticmethod
    def _by_run(field: np.ndarray, queries: int) -> np.ndarray:
        return field.reshape(queries, -1, *field.shape[2:])

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        return prefixed("instant.", self.instant.state()) | {"times": np.array(self.times)}

    @classmethod
    def restore(cls, config: ReductionConfig, state: Mapping[str, np.ndarray]) -> Self:
        """The model again."""
        return cls(FieldModel.restore(config, part(state, "instant.")), int(state["times"]))
