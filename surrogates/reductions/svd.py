"""Proper orthogonal decomposition (POD, PCA): the best linear basis for a set of snapshots."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from copy import copy
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field
from scipy import sparse

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.data.errors import ModelError
from fieldwright.surrogates.reductions import Matrix, ReductionConfig, register
from fieldwright.surrogates.reductions.pod.decomposition import Settings, decompose
from fieldwright.surrogates.reductions.pod.grown import Grown, energy_of_more_modes
from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct
from fieldwright.surrogates.reductions.pod.modes import modes
from fieldwright.surrogates.reductions.pod.projection import coordinates, left_out
from fieldwright.surrogates.reductions.pod.spectrum import Criterion

log = logging.getLogger(__name__)


class SVDConfig(ReductionConfig):
    """Settings of the POD: the fewest modes that meet `energy` and `error`, never more than `rank`.

    Where none of the three is given, a surrogate keeps as many modes as left-out runs let it predict.

    energy: fraction of the sum of squared singular values to hold; 0.999 where none of the three is given and there
        is nothing to predict.
    error: relative projection error of the training snapshots to reach.
    centre: whether the mean over the snapshots is taken off first.
    memory_mb: what the arrays of a fit may take; a larger basis lies in a temporary file.
    method: None chooses by shape, see `pod.decomposition`.
    update_loss: fraction of energy that `update` may lose against a full fit before it does one.
    """

    kind: Literal["svd"] = "svd"
    rank: int | None = Field(default=None, ge=1)
    energy: float | None = Field(default=None, gt=0.0, le=1.0)
    error: float | None = Field(default=None, gt=0.0, lt=1.0)
    centre: bool = True
    memory_mb: int = Field(default=256, ge=16)
    method: Literal["snapshots", "covariance", "krylov", "direct"] | None = None
    update_loss: float = Field(default=1e-3, ge=0.0)

    @property
    def free(self) -> bool:
        """Whether none of the three is given."""
        return self.rank is None and self.energy is None and self.error is None

    @property
    def criterion(self) -> Criterion:
        """How many modes are wanted."""
        return Criterion(self.rank, 0.999 if self.free else self.energy, self.error)


class SVDReduction:
    """POD of snapshots x_i (rows, m values) in an inner product, <x, y> = sum_j w_j x_j y_j at its simplest.

    The basis U (r, m) minimises sum_i |x_i - mean - z_i U|^2 with z_i = <x_i - mean, U>; the least value is the
    sum of the squared singular values left out (Eckart & Young 1936; Sirovich 1987).

    After `fit`: `mean_` (m,), NaN outside the domain; `basis_` (r, m), orthonormal in the inner product;
    `singular_values_` (r,); `spectrum_`, all that are known; `total_energy_`, the sum of squares of all;
    `inner_`, the inner product with the scales of fields in its weights; `n_snapshots_`; `numbers_`, for the log.
    There is always at least one mode: snapshots that do not differ get the constant function, singular value 0.
    """

    def __init__(self, config: SVDConfig) -> None:
        self.config = config

    def fit(
        self,
        snapshots: Matrix,
        weights: np.ndarray | InnerProduct | None = None,
        seed: int = 0,
        executor: Executor = IN_PROCESS,
    ) -> Self:
        """Learns mean and basis from snapshots (n, m), read in stripes; raises ModelError.

        executor: where sums over the snapshots are formed; those that are not in memory must lie on a disk that its
        workers can read. The result does not depend on it.
        """
        snapshots = _for_workers(snapshots, executor)
        n, m = snapshots.shape
        if self.config.rank is not None and not self.config.rank <= min(n, m):
            least, limit = (n, "snapshots") if n <= m else (m, "values of a snapshot")
            raise ModelError(
                f"The 'rank' of SVD must be in 1..{least} (the number of {limit})",
                str(self.config.rank),
                "Lower it, or give 'energy' instead",
            )
        self._learn(snapshots, InnerProduct.of(weights, m), self.config.centre, seed, executor)
        self.n_snapshots_ = n
        self.lost_energy_ = energy_of_more_modes(self.spectrum_, len(self.basis_), self.total_energy_)
        return self

    def update(self, snapshots: Matrix, executor: Executor = IN_PROCESS) -> Self:
        """Takes in the rows after the first `n_snapshots_`, without reading these; raises ModelError.

        The r modes of a full fit would hold at most `lost_energy_` more than these (see `pod.grown.Grown`). Once
        that is above `update_loss` of all energy, the basis is fitted anew from all rows.
        """
        new = snapshots.shape[0] - self.n_snapshots_
        if new < 1 or snapshots.shape[1] != len(self.mean_):
            raise ModelError(
                f"An update needs the {self.n_snapshots_} old snapshots of {len(self.mean_)} values, then new ones",
                f"{snapshots.shape[0]} x {snapshots.shape[1]}",
                "Give the grown matrix, old rows first",
            )
        before, total_before, rank_before = self.lost_energy_, self.total_energy_, len(self.basis_)
        energy = float((self.singular_values_**2).sum())
        centre = self.config.centre
        grown = Grown(self.basis_, self.singular_values_, self.mean_, self.n_snapshots_, centre, snapshots)
        mean = grown.mean_of_all(self.config.memory_mb << 20)
        self._learn(grown, self.inner_, False, 0, IN_PROCESS)
        self.mean_ = mean
        rank = len(self.basis_)
        # More modes than before could have held more of what was left out then, in proportion at most.
        self.lost_energy_ = before * max(1.0, rank / rank_before)
        self.lost_energy_ += energy_of_more_modes(self.spectrum_, rank, self.total_energy_)
        self.total_energy_ += total_before - energy
        self.n_snapshots_ += new
        loss = self.lost_energy_ / max(self.total_energy_, np.finfo(float).tiny)
        self.numbers_["update_loss"] = loss
        if loss > self.config.update_loss:
            log.info(
                "an update may have lost %.1e of the energy, above %.1e: full fit",
                loss,
                self.config.update_loss,
            )
            return self.fit(snapshots, self.inner_, executor=executor)
        return self

    def _learn(
        self, source: Matrix, inner: InnerProduct, centre: bool, seed: int, executor: Executor
    ) -> None:
        settings = Settings(
            self.config.criterion, centre, self.config.memory_mb << 20, self.config.method, seed, executor
        )
        decomposition = decompose(source, inner, settings)
        self.basis_, defect = modes(source, decomposition, settings)
        self.mean_, self.inner_, self.gram_ = decomposition.mean, decomposition.inner, decomposition.gram
        self.singular_values_, self.spectrum_ = decomposition.s[: decomposition.rank], decomposition.s
        self.total_energy_ = decomposition.total
        self.numbers_ = {
            "rank": decomposition.rank,
            "energy": float(self.energy_[-1]),
            "first_singular_value": float(decomposition.s[0]),
            "last_singular_value": float(decomposition.s[decomposition.rank - 1]),
            "singular_value_error": decomposition.error,
            "orthogonality_before_repair": defect,
            "readings": decomposition.readings + (decomposition.left is not None),
        }

    @property
    def energy_(self) -> np.ndarray:
        """(r,) fraction of the energy that the first 1, 2, ... r modes hold; 1 where there is none to hold."""
        if self.total_energy_ == 0.0 or self.singular_values_[0] == 0.0:
            return np.ones(len(self.singular_values_))
        return np.minimum(np.cumsum(self.singular_values_**2) / self.total_energy_, 1.0)

    @property
    def weights_(self) -> np.ndarray:
        """(m,) diagonal of the inner product, scales of fields included; 0 outside the domain."""
        return self.inner_.weights

    def encode(self, snapshots: Matrix) -> np.ndarray:
        """Latent coordinates z = <x - mean, U>, (q, r) float64, of snapshots (q, m)."""
        return coordinates(snapshots, self.mean_, self.basis_, self.inner_, self.config.memory_mb << 20)

    def decode(self, latent: np.ndarray) -> np.ndarray:
        """Snapshots mean + z U, (q, m), of latent coordinates (q, r); NaN outside the domain."""
        snapshots = np.asarray(latent, dtype=self.basis_.dtype) @ self.basis_
        return np.add(snapshots, self.mean_, out=snapshots, casting="same_kind")

    def at_columns(
        self, mean: np.ndarray, basis: np.ndarray, inner: InnerProduct | None = None
    ) -> SVDReduction:
        """The same POD with its mean (m,) and modes (r, m) at other columns, such as those at some of the points.

        inner: the inner product there, which `encode` needs and `decode` does not.
        """
        moved = copy(self)
        moved.mean_, moved.basis_ = mean, basis
        if inner is not None:
            moved.inner_ = inner
        return moved

    def projection_errors(self, snapshots: Matrix) -> np.ndarray:
        """|X - P_k X| / |X| of centred snapshots (q, m) for k = 0..r modes, (r + 1,): give held-out runs."""
        squares, _ = left_out(snapshots, self.mean_, self.basis_, self.inner_, self.config.memory_mb << 20)
        total = squares.sum(axis=0)
        return np.sqrt(total / total[0]) if total[0] > 0 else np.zeros(len(total))

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        arrays = {
            "mean": self.mean_,
            "basis": self.basis_,
            "spectrum": self.spectrum_,
            "weights": np.ascontiguousarray(self.inner_.weights),
            "counts": np.array([self.n_snapshots_, self.total_energy_, self.lost_energy_]),
        }
        if self.inner_.mass is not None:
            mass = self.inner_.mass
            arrays |= {"mass": mass.data, "mass_columns": mass.indices, "mass_rows": mass.indptr}
        return arrays

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted POD again: `decode` answers the same bits."""
        svd = cls(config)
        svd.mean_ = np.asarray(state["mean"])
        svd.basis_ = np.ascontiguousarray(state["basis"])
        svd.spectrum_ = np.asarray(state["spectrum"])
        svd.singular_values_ = svd.spectrum_[: len(svd.basis_)]
        m, mass = len(svd.mean_), None
        if "mass" in state:
            mass = sparse.csr_array((state["mass"], state["mass_columns"], state["mass_rows"]), shape=(m, m))
        svd.inner_ = InnerProduct(np.asarray(state["weights"]), mass)
        n, svd.total_energy_, svd.lost_energy_ = (float(value) for value in state["counts"])
        svd.n_snapshots_ = int(n)
        svd.gram_, svd.numbers_ = None, {}
        return svd


def _for_workers(source: Matrix, executor: Executor) -> Matrix:
    """The snapshots in a form that can be sent; raises ModelError where workers could not open them themselves."""
    if not executor.elsewhere:
        return source
    if isinstance(source, np.ndarray):
        return executor.share(source)
    if not (hasattr(source, "store") or hasattr(source, "path")):
        raise ModelError(
            "Snapshots must lie on a disk that every worker can read, to be reduced on a cluster",
            type(source).__name__,
            "Freeze the snapshot matrix to a shared folder first, or reduce it in this process",
        )
    return source


register(SVDConfig, SVDReduction)
