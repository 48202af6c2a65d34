"""One field between its values and its scaled latent coordinates, with the spread that a reduction loses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Self

import numpy as np

from surrogates.reductions import Reduction, ReductionConfig, reduction_for
from surrogates.scaler import Scaler
from surrogates.states import part, prefixed

ROUND_OFF = 1e-12
"""Of the linear algebra, relative to the largest value of the field; float32 fields have a coarser one."""
BLOCK = 64


class FieldModel:
    """field = decode(unscale(z)), z (q, r) scaled latent coordinates.

    Its variance by the delta method is sum_r (d field / d z_r)^2 sigma_r^2 + truncation variance; for an
    affine reduction such as the SVD the derivatives are the modes phi_r and the formula is exact.

    shape: (t, points, components) of one run, t = 1 where the field is steady.
    truncation_variance: (m,) mean square of what the reduction loses of the training runs, point by point.
    round_off: size of the rounding errors of the field's values; no std is smaller.
    """

    def __init__(
        self,
        reduction: Reduction,
        scaler: Scaler,
        truncation_variance: np.ndarray,
        shape: tuple[int, int, int],
        round_off: float,
        affine: bool,
    ) -> None:
        self.reduction = reduction
        self.scaler = scaler
        self.truncation_variance = truncation_variance
        self.shape = shape
        self.round_off = round_off
        self.affine = affine

    @classmethod
    def fit(cls, config: ReductionConfig, values: np.ndarray, seed: int) -> tuple[Self, np.ndarray]:
        """Learns from values (n, [t,] points, components); returns the model and the scaled latent (n, r)."""
        snapshots = values.reshape(len(values), -1)
        reduction = reduction_for(config).fit(snapshots, seed=seed)
        latent = reduction.encode(snapshots)
        square, affine, largest = np.zeros(snapshots.shape[1]), True, 0.0
        origin = reduction.decode(np.zeros((1, latent.shape[1])))
        modes = reduction.decode(np.eye(latent.shape[1])) - origin
        for start in range(0, len(snapshots), BLOCK):
            rows = slice(start, start + BLOCK)
            decoded = reduction.decode(latent[rows])
            true = snapshots[rows].astype(np.float64)
            square += np.sum((true - decoded) ** 2, axis=0)
            largest = max(largest, float(np.abs(true).max()))
            affine &= np.allclose(decoded, origin + latent[rows] @ modes, rtol=0.0, atol=1e-6 * largest)
        precision = float(np.finfo(values.dtype).eps) if values.dtype.kind == "f" else 0.0
        round_off = (largest or 1.0) * max(ROUND_OFF, 4.0 * precision)
        lost = square / len(snapshots) + round_off**2
        shape = values.shape[1:] if values.ndim == 4 else (1, *values.shape[1:])
        scaler = Scaler.fit(latent)
        return cls(reduction, scaler, lost, shape, round_off, affine), scaler.scaled(latent)

    @cached_property
    def origin(self) -> np.ndarray:
        """(m,) the field at z = 0, of an affine reduction."""
        return self.reduction.decode(self.scaler.mean[None])[0].astype(np.float64)

    @cached_property
    def modes(self) -> np.ndarray:
        """(r, m) the change of the field with each scaled coordinate, of an affine reduction."""
        zero = self.reduction.decode(np.zeros((1, self.rank))).astype(np.float64)
        return self.reduction.decode(np.diag(self.scaler.scale)) - zero

    @cached_property
    def _squared_modes(self) -> np.ndarray:
        return self.modes**2

    @property
    def rank(self) -> int:
        """Number r of latent coordinates."""
        return len(self.scaler.scale)

    @property
    def shares(self) -> np.ndarray:
        """(r,) root of the share of each coordinate in the field's latent variance."""
        return self.scaler.scale / np.linalg.norm(self.scaler.scale)

    def mean(self, z: np.ndarray) -> np.ndarray:
        """The field (q, t, points, components) of scaled coordinates z (q, r)."""
        flat = self.origin + z @ self.modes if self.affine else self._decode(z)
        return flat.reshape(len(z), *self.shape)

    def std(self, z: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        """The std (q, t, points, components) of the field where z has the std sigma, both (q, r)."""
        if self.affine:
            variance = (sigma**2) @ self._squared_modes
        else:
            variance = np.zeros((len(z), self.truncation_variance.size))
            for change, spread in self.sensitivities(z, sigma):
                variance += (change.reshape(len(z), -1) * spread[:, None]) ** 2
        return np.sqrt(variance + self.truncation_variance).reshape(len(z), *self.shape)

    def sensitivities(self, z: np.ndarray, sigma: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """For each coordinate r: d field / d z_r, (1 or q, t, points, components), and sigma_r (q,).

        A nonlinear reduction is differentiated by central differences over +-sigma_r, which also tells how
        far the field really moves within one std.
        """
        for r in range(z.shape[1]):
            if self.affine:
                yield self.modes[r].reshape(1, *self.shape), sigma[:, r]
                continue
            step = np.zeros_like(z)
            step[:, r] = sigma[:, r]
            change = (self._decode(z + step) - self._decode(z - step)) / (2.0 * sigma[:, r, None])
            yield change.reshape(len(z), *self.shape), sigma[:, r]

    def _decode(self, z: np.ndarray) -> np.ndarray:
        return self.reduction.decode(self.scaler.unscaled(z)).astype(np.float64)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        arrays = prefixed("reduction.", self.reduction.state()) | prefixed("scaler.", self.scaler.state())
        return arrays | {
            "truncation_variance": self.truncation_variance,
            "shape": np.array(self.shape),
            "round_off": np.array(self.round_off),
            "affine": np.array(self.affine),
        }

    @classmethod
    def restore(cls, config: ReductionConfig, state: Mapping[str, np.ndarray]) -> Self:
        """The field model again."""
        reduction = type(reduction_for(config)).restore(config, part(state, "reduction."))
        scaler = Scaler.restore(part(state, "scaler."))
        time, points, components = (int(size) for size in state["shape"])
        shape, lost = (time, points, components), state["truncation_variance"]
        return cls(reduction, scaler, lost, shape, float(state["round_off"]), bool(state["affine"]))
