"""What a network sees of a snapshot: POD coordinates, or the values on a grid; and the POD it starts from."""

from __future__ import annotations

import math

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.reductions import Matrix
from fieldwright.surrogates.reductions.svd import SVDReduction


class Frame:
    """Features f (q, F) of snapshots (q, m) and back, with the POD of rank r in them.

    Without a grid, F POD coordinates over one scale for all: squared distances of features are then those of the
    fields, and memory is bounded. With a grid, F = m values less their mean over one scale.
    down (F, r) gives f @ down = the first r POD coordinates at unit variance, and up (r, F) leads back.
    weights (F,), mean 1: of the squared error of the features. spread (F,): their natural magnitudes.
    """

    def __init__(self, pod: SVDReduction, rank: int, grid: tuple[int, ...] | None, components: int) -> None:
        self.pod, self.grid, self.components = pod, grid, components
        m = len(pod.mean_)
        n = pod.n_snapshots_
        std = pod.singular_values_ / math.sqrt(n)
        if std[0] == 0.0:
            raise ModelError("An autoencoder needs snapshots that differ", "equal ones", "Use the SVD")
        if len(std) < rank:
            raise ModelError(
                f"The 'rank' of an autoencoder must be in 1..{len(std)} (the number of POD modes it sees)",
                str(rank),
                "Lower it, or raise 'pod_energy'",
            )
        if grid is None:
            self.scale = float(np.linalg.norm(std))
            self.weights = np.ones(len(std))
            self.spread = std / self.scale
            self.up = np.eye(rank, len(std)) * self.spread
            self.down = np.divide(1.0, self.up.T, out=np.zeros_like(self.up.T), where=self.up.T > 0)
            return
        if math.prod(grid) * components != m or pod.inner_.mass is not None:
            raise ModelError(
                f"A grid of {' x '.join(map(str, grid))} points with {components} components must have as many "
                "values as a snapshot, and no mass matrix",
                f"{m} values" + ("" if pod.inner_.mass is None else " and a mass matrix"),
                "Correct 'grid' and 'components', or leave the grid out",
            )
        w = pod.inner_.weights
        self.scale = math.sqrt(pod.total_energy_ / (n * w.sum()))
        self.weights = w / w.mean()
        self.spread = np.ones(m)
        self.up = pod.basis_[:rank] * (std[:rank, None] / self.scale)
        self.down = (pod.basis_[:rank] * w).T * (self.scale / std[:rank])

    def features(self, snapshots: Matrix) -> np.ndarray:
        """Return f (q, F) float32 of snapshots (q, m)."""
        if self.grid is None:
            return (self.pod.encode(snapshots) / self.scale).astype(np.float32)
        off = (np.asarray(snapshots[:, :]) - self.pod.mean_) / self.scale
        return np.where(self.pod.inner_.weights > 0, off, 0.0).astype(np.float32)

    def snapshots(self, features: np.ndarray) -> np.ndarray:
        """Snapshots (q, m) of features (q, F)."""
        if self.grid is None:
            return self.pod.decode(features.astype(np.float64) * self.scale)
        return self.pod.mean_ + features.astype(np.float64) * self.scale
