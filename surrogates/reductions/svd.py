"""Proper orthogonal decomposition (POD, PCA): the best linear basis for a set of snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field

from data.errors import ModelError
from surrogates.reductions import Matrix, ReductionConfig, register


class SVDConfig(ReductionConfig):
    """Settings of the POD.

    rank: number of modes, or their greatest number where `energy` is given too.
    energy: keep the fewest modes that hold this fraction of the sum of squared singular values. With neither
        `rank` nor `energy`, 0.999.
    centre: whether the mean over the snapshots is taken off first.
    """

    kind: Literal["svd"] = "svd"
    rank: int | None = Field(default=None, ge=1)
    energy: float | None = Field(default=None, gt=0.0, le=1.0)
    centre: bool = True


class SVD:
    """POD of snapshots x_i (rows, m values) in the inner product <x, y> = sum_j w_j x_j y_j.

    The basis U (r, m) minimises sum_i |x_i - mean - U^T z_i|^2 with z_i = <x_i - mean, U>; the least value is
    the sum of the squared singular values left out (Eckart & Young 1936; Sirovich 1987).

    After `fit`: `mean_` (m,), `basis_` (r, m) orthonormal in the inner product, `singular_values_` (r,),
    `energy_` (r,) cumulative fraction of energy, `weights_` (m,), `n_snapshots_`.
    There is always at least one mode: a constant field gets the constant function with singular value 0.
    """

    def __init__(self, config: SVDConfig) -> None:
        self.config = config

    def fit(self, snapshots: Matrix, weights: np.ndarray | None = None, seed: int = 0) -> Self:
        """Learns mean and basis from snapshots (n, m); raises ModelError."""
        n, m = snapshots.shape
        if self.config.rank is not None and not self.config.rank <= min(n, m):
            least, what = (n, "snapshots") if n <= m else (m, "values of a snapshot")
            raise ModelError(
                f"The 'rank' of SVD must be in 1..{least} (the number of {what})",
                str(self.config.rank),
                "Lower it, or give 'energy' instead",
            )
        self.weights_ = np.ones(m) if weights is None else np.asarray(weights, dtype=np.float64)
        if self.weights_.shape != (m,) or not np.all(np.isfinite(self.weights_) & (self.weights_ > 0)):
            raise ModelError(
                f"The weights of an inner product must be {m} positive numbers, one for each column",
                f"{self.weights_.size} values, the least {self.weights_.min(initial=np.inf):g}",
                "Give cell volumes, or leave the weights out",
            )
        x = np.asarray(snapshots[:, :], dtype=np.float64)
        if not np.isfinite(x).all():
            raise ModelError(
                "Snapshots must be finite", "NaN or infinity", "Leave out the runs that hold them"
            )
        root = np.sqrt(self.weights_)
        self.mean_ = x.mean(axis=0) if self.config.centre else np.zeros(m)
        _, s, vt = np.linalg.svd((x - self.mean_) * root, full_matrices=False)
        noise = np.finfo(np.float64).eps * max(n, m) * np.abs(x * root).max(initial=0.0) * np.sqrt(n * m)
        resolved = int(np.count_nonzero(s > noise))
        fraction = np.cumsum(s**2) / (s**2).sum() if resolved else np.ones(len(s))
        r = self.config.rank or resolved
        if self.config.rank is None or self.config.energy is not None:
            r = min(r, int(np.searchsorted(fraction, self.config.energy or 0.999)) + 1)
        r = max(1, min(r, resolved))
        if resolved == 0:
            vt, s = (root / np.linalg.norm(root))[None], np.zeros(1)
        # One sign for every platform: the largest entry of a mode is positive.
        sign = np.sign(vt[np.arange(r), np.abs(vt[:r]).argmax(axis=1)])
        self.basis_ = np.ascontiguousarray(vt[:r] * sign[:, None] / root)
        self.singular_values_ = s[:r]
        self.energy_ = fraction[:r]
        self.n_snapshots_ = n
        return self

    def encode(self, snapshots: np.ndarray) -> np.ndarray:
        """Latent coordinates z = <x - mean, U>, (q, r), of snapshots (q, m)."""
        return ((np.asarray(snapshots, dtype=np.float64) - self.mean_) * self.weights_) @ self.basis_.T

    def decode(self, latent: np.ndarray) -> np.ndarray:
        """Snapshots mean + z U, (q, m), of latent coordinates (q, r)."""
        return self.mean_ + np.asarray(latent, dtype=np.float64) @ self.basis_

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        return {
            "mean": self.mean_,
            "basis": self.basis_,
            "singular_values": self.singular_values_,
            "energy": self.energy_,
            "weights": self.weights_,
            "n_snapshots": np.array(self.n_snapshots_),
        }

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted POD again: `decode` answers the same bits."""
        svd = cls(config)
        svd.mean_ = np.asarray(state["mean"])
        svd.basis_ = np.ascontiguousarray(state["basis"])
        svd.singular_values_ = np.asarray(state["singular_values"])
        svd.energy_ = np.asarray(state["energy"])
        svd.weights_ = np.asarray(state["weights"])
        svd.n_snapshots_ = int(state["n_snapshots"])
        return svd


register(SVDConfig, SVD)
