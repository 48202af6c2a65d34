"""Kernel principal component analysis: principal components of a Gaussian kernel, with learned pre-images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.reductions import Matrix, ReductionConfig, register
from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct
from fieldwright.surrogates.reductions.svd import SVDConfig, SVDReduction

RIDGES = 10.0 ** np.arange(-12, 1)


class KernelPCAConfig(ReductionConfig):
    """Settings of the kernel PCA.

    rank: number of latent coordinates. width: of the kernel exp(-|x - y|^2 / (2 width^2 d^2)), d being the median
    distance of two snapshots; wide kernels come close to the POD.
    pod_energy, memory_mb: of the POD in whose coordinates distances are taken.
    """

    kind: Literal["kernel_pca"] = "kernel_pca"
    rank: int = Field(ge=1)
    width: float = Field(default=3.0, gt=0.0)
    pod_energy: float = Field(default=1 - 1e-8, gt=0.0, le=1.0)
    memory_mb: int = Field(default=256, ge=16)


class KernelPCA:
    """Latent coordinates z_k = sum_i a_ik k(x, x_i), centred in feature space (Schoelkopf, Smola & Mueller 1998).

    Distances are those of the inner product: they are taken between POD coordinates, which hold them. The way
    back is kernel ridge regression from z to the POD coordinates, its ridge chosen by leave-one-out error in closed
    form (Bakir, Weston & Schoelkopf 2004), with the linear part fitted first so that it goes straight outside.
    """

    def __init__(self, config: KernelPCAConfig) -> None:
        self.config = config

    def fit(self, snapshots: Matrix, weights: np.ndarray | InnerProduct | None = None, seed: int = 0) -> Self:
        """Learns from snapshots (n, m); raises ModelError."""
        from sklearn.decomposition import KernelPCA as Components

        n = snapshots.shape[0]
        if not self.config.rank < n:
            raise ModelError(
                f"The 'rank' of a kernel PCA must be in 1..{n - 1} (below the number of snapshots)",
                str(self.config.rank),
                "Lower it",
            )
        pod = SVDConfig(energy=self.config.pod_energy, memory_mb=self.config.memory_mb)
        self.pod_ = SVDReduction(pod).fit(snapshots, weights, seed)
        self.points_ = self.pod_.encode(snapshots)
        self.gamma_ = _gamma(self.points_, self.config.width)
        model = Components(self.config.rank, kernel="precomputed", eigen_solver="dense")
        kernel = np.exp(-self.gamma_ * _squared_distances(self.points_, self.points_))
        latent = model.fit_transform(kernel)
        resolved = int(np.count_nonzero(model.eigenvalues_ > 1e-12 * n))
        if resolved < self.config.rank:
            raise ModelError(
                "A kernel PCA needs snapshots that differ in as many ways as its 'rank'",
                f"{resolved} components where {self.config.rank} were asked for",
                "Lower 'rank', or use the SVD",
            )
        self.rows_ = kernel.mean(axis=0)
        self.factors_ = np.ascontiguousarray(model.eigenvectors_ / np.sqrt(model.eigenvalues_))
        self.latent_ = np.ascontiguousarray(latent)
        self._learn_way_back()
        return self

    def _learn_way_back(self) -> None:
        z = self._with_one(self.latent_)
        self.linear_ = np.linalg.lstsq(z, self.points_, rcond=None)[0]
        residual = self.points_ - z @ self.linear_
        self.latent_gamma_ = _gamma(self.latent_, 1.0)
        values, vectors = np.linalg.eigh(self._latent_kernel(self.latent_))
        best = np.inf
        for ridge in RIDGES * len(z):
            inverse = (vectors / (np.maximum(values, 0.0) + ridge)) @ vectors.T
            dual = inverse @ residual
            error = float(((dual / np.diag(inverse)[:, None]) ** 2).sum())
            if error < best:
                best, self.dual_ = error, dual

    def _latent_kernel(self, z: np.ndarray) -> np.ndarray:
        return np.exp(-self.latent_gamma_ * _squared_distances(z, self.latent_))

    @staticmethod
    def _with_one(z: np.ndarray) -> np.ndarray:
        return np.hstack([z, np.ones((len(z), 1))])

    def encode(self, snapshots: Matrix) -> np.ndarray:
        """Latent coordinates (q, rank) of snapshots (q, m)."""
        kernel = np.exp(-self.gamma_ * _squared_distances(self.pod_.encode(snapshots), self.points_))
        centred = kernel - kernel.mean(axis=1, keepdims=True) - self.rows_ + self.rows_.mean()
        return centred @ self.factors_

    def decode(self, latent: np.ndarray) -> np.ndarray:
        """Snapshots (q, m) of latent coordinates (q, rank)."""
        z = np.asarray(latent, dtype=np.float64)
        return self.pod_.decode(self._with_one(z) @ self.linear_ + self._latent_kernel(z) @ self.dual_)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        arrays = {f"pod.{name}": array for name, array in self.pod_.state().items()}
        names = ("points", "latent", "rows", "factors", "linear", "dual")
        arrays |= {name: getattr(self, f"{name}_") for name in names}
        return arrays | {"gammas": np.array([self.gamma_, self.latent_gamma_])}

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted reduction again, without pickle."""
        restored = cls(config)
        pod = {name.removeprefix("pod."): a for name, a in state.items() if name.startswith("pod.")}
        restored.pod_ = SVDReduction.restore(
            SVDConfig(energy=config.pod_energy, memory_mb=config.memory_mb), pod
        )
        for name in ("points", "latent", "rows", "factors", "linear", "dual"):
            setattr(restored, f"{name}_", np.ascontiguousarray(state[name]))
        restored.gamma_, restored.latent_gamma_ = (float(gamma) for gamma in state["gammas"])
        return restored


def _squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Between x (n, p) and y (m, p), (n, m)."""
    # Its import takes longer than reading a study file, which needs the settings alone.
    from scipy.spatial.distance import cdist

    return cdist(x, y, "sqeuclidean")


def _gamma(points: np.ndarray, width: float) -> float:
    """1 / (2 width^2 d^2) with the median distance d of two points; 1 where they do not differ."""
    from scipy.spatial.distance import pdist

    median = float(np.median(pdist(points, "sqeuclidean"))) if len(points) > 1 else 0.0
    return 1.0 / (2.0 * width**2 * median) if median > 0 else 1.0


register(KernelPCAConfig, KernelPCA)
