"""One field between its values and its scaled latent coordinates, with the variance that truncation loses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Self

import numpy as np

from fieldwright.data.mesh.measures import positive
from fieldwright.surrogates.fields.field_view import FieldView, LinearChanges
from fieldwright.surrogates.fields.transforms.field_scaling import FieldScaling
from fieldwright.surrogates.fields.transforms.scaler import Scaler
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.reductions import Reduction, ReductionConfig, reduction_for
from fieldwright.surrogates.reductions.pod.modes import LARGE
from fieldwright.surrogates.reductions.svd import SVDReduction
from fieldwright.surrogates.row_products import row_products, squared_row_products

ROUND_OFF = 1e-12
"""Rounding error of the linear algebra relative to the largest value of a field; that of float32 fields is larger."""
BLOCK = 64


def smallest_error(largest: float, precision: float) -> float:
    """Size of the rounding errors of values up to `largest`, given with a relative precision."""
    return (largest or 1.0) * max(ROUND_OFF, 4.0 * precision)


def column_weights(weights: np.ndarray | None, values: np.ndarray) -> np.ndarray | None:
    """The weights (m,) > 0, mean 1, of the columns of snapshots of values (n, [t,] points, components).

    weights: (points,) >= 0; 0 is replaced by the least positive one, so that every value is learned. None where all
    are equal.
    """
    if weights is None or np.ptp(weights) == 0.0:
        return None
    times, components = values.shape[1] if values.ndim == 4 else 1, values.shape[-1]
    positive_weights = positive(weights)
    return np.tile(np.repeat(positive_weights / positive_weights.mean(), components), times)


class FieldModel:
    """field = decode(unscale(z)), or its exponential, z (q, r) scaled latent coordinates.

    Its variance by the delta method is sum_r (d field / d z_r)^2 sigma_r^2 + truncation variance; for an
    affine reduction such as the SVD the derivatives are the modes phi_r and the formula is exact.

    An exponential y = exp(g) has the derivatives y dg/dz_r and the truncation variance y^2 times that of g.

    shape: (t, points, components) of one run, t = 1 where the field is steady.
    truncation_variance: (m,) mean square of the truncation errors of the training runs, point by point.
    round_off: size of the rounding errors of the reduced values; no std is smaller.
    scaling: of the field before reduction, None if it has none; `at` converts predictions back to its unit.
    together: whether all queries are answered by one product, which is quicker; the last digits of an answer then
        depend on the queries beside it.
    """

    def __init__(
        self,
        reduction: Reduction,
        scaler: Scaler,
        truncation_variance: np.ndarray,
        shape: tuple[int, int, int],
        round_off: float,
        affine: bool,
        logarithmic: bool,
        scaling: FieldScaling | None = None,
        together: bool = False,
    ) -> None:
        self.reduction = reduction
        self.scaler = scaler
        self.truncation_variance = truncation_variance
        self.shape = shape
        self.round_off = round_off
        self.affine = affine
        self.logarithmic = logarithmic
        self.scaling = scaling
        self.together = together

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
        """Fit to values (n, [t,] points, components); return the model and the scaled latent coordinates (n, r).

        logarithmic: reduce the logarithm of the values, which must be positive.
        scaling, rounded: how the values were scaled, and the size of the rounding errors that they had before.
        weights: (points,) length, area or volume of each point or cell, >= 0: the inner product of the reduction.
        """
        snapshots = values.reshape(len(values), -1)
        snapshots = np.log(snapshots) if logarithmic else snapshots
        reduction = reduction_for(config).fit(snapshots, column_weights(weights, values), seed=seed)
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
        round_off = max(smallest_error(largest, precision), rounded)
        lost = square / len(snapshots) + round_off**2
        shape = values.shape[1:] if values.ndim == 4 else (1, *values.shape[1:])
        scaler = Scaler.fit(latent)
        model = cls(reduction, scaler, lost, shape, round_off, affine, logarithmic, scaling)
        return model, scaler.scaled(latent)

    @cached_property
    def origin(self) -> np.ndarray:
        """(m,) the field at z = 0, of an affine reduction."""
        return self.reduction.decode(self.scaler.mean[None])[0].astype(np.float64)

    @property
    def modes(self) -> np.ndarray:
        """(r, m) the change of the field with each scaled coordinate, of an affine reduction.

        Of a large POD they are formed at each call: `factored_modes` are held anyway.
        """
        factors, rows = self.factored_modes
        return rows if np.all(factors == 1.0) else factors[:, None].astype(rows.dtype) * rows

    @cached_property
    def factored_modes(self) -> tuple[np.ndarray, np.ndarray]:
        """Factors (r,) and rows (r, m) whose products are the modes.

        The rows of a large POD are its own basis, float32 where the runs are, and may lie in a file; those of any
        other reduction are the modes, with factors of 1.
        """
        if isinstance(self.reduction, SVDReduction) and self.reduction.basis_.size > LARGE:
            return self.scaler.scale, self.reduction.basis_
        if isinstance(self.reduction, SVDReduction):
            return np.ones(self.rank), self.scaler.scale[:, None] * self.reduction.basis_
        zero = self.reduction.decode(np.zeros((1, self.rank))).astype(np.float64)
        return np.ones(self.rank), self.reduction.decode(np.diag(self.scaler.scale)) - zero

    @cached_property
    def _squared_modes(self) -> np.ndarray | None:
        """None where they are so many that they are formed block by block each time."""
        _, rows = self.factored_modes
        return self.modes**2 if rows.size <= LARGE else None

    @property
    def divisible(self) -> bool:
        """Whether it can be had at some of the points alone: a POD, or its exponential."""
        return self.affine and isinstance(self.reduction, SVDReduction)

    def at_points(self, start: int, stop: int) -> Self:
        """The model at the points start..stop alone, for many queries together, where it is divisible."""
        assert isinstance(self.reduction, SVDReduction)
        reduction, some = self.reduction, (slice(None), slice(start, stop))
        mean, lost = (one.reshape(self.shape)[some] for one in (reduction.mean_, self.truncation_variance))
        basis = reduction.basis_.reshape(-1, *self.shape)[:, *some]
        return type(self)(
            reduction.at_columns(mean.reshape(-1), basis.reshape(len(basis), -1)),
            self.scaler,
            lost.reshape(-1),
            mean.shape,
            self.round_off,
            self.affine,
            self.logarithmic,
            self.scaling,
            together=True,
        )

    @property
    def rank(self) -> int:
        """Number r of latent coordinates."""
        return len(self.scaler.scale)

    @cached_property
    def shares(self) -> np.ndarray:
        """(r,) root of the share of each coordinate in the latent variance of the field."""
        return self.scaler.scale / np.linalg.norm(self.scaler.scale)

    @property
    def varies(self) -> bool:
        """Whether the runs differ by more than rounding, in the root mean square; True where that is no POD."""
        if not isinstance(self.reduction, SVDReduction):
            return True
        size = np.linalg.norm(self.scaler.scale) / np.sqrt(len(self.truncation_variance))
        return bool(size > self.round_off)

    def at(self, x: np.ndarray) -> Self | FieldView:
        """The decoder into the unit of the field at queries of the parameters x (q, p)."""
        return self if self.scaling is None else self.scaling.view(self, x)

    def encode(self, values: np.ndarray, reduced: bool = False) -> np.ndarray:
        """Scaled coordinates (q, r) of fields (q, [t,] points, components).

        reduced: whether the values are the logarithms already that a logarithmic model reduces.
        """
        snapshots = values.reshape(len(values), -1)
        takes_logarithm = self.logarithmic and not reduced
        return self.scaler.scaled(self.reduction.encode(np.log(snapshots) if takes_logarithm else snapshots))

    def mean(self, z: np.ndarray) -> np.ndarray:
        """The field (q, t, points, components) of scaled coordinates z (q, r)."""
        if self.affine:
            # In place: for many queries passes over memory take the time, not the product.
            factors, rows = self.factored_modes
            flat = (np.matmul if self.together else row_products)(factors * z, rows)
            flat += self.origin
        else:
            flat = self._decode(z)
        return self._unlogged(flat).reshape(len(z), *self.shape)

    def std(self, z: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        """The std (q, t, points, components) of the field where z has the std sigma, both (q, r)."""
        if self.affine:
            squares = self._squared_modes
            factors, rows = self.factored_modes
            flat = (
                squared_row_products((factors * sigma) ** 2, rows)
                if squares is None
                else (np.matmul if self.together else row_products)(sigma**2, squares)
            )
            flat += self.truncation_variance
            std = np.sqrt(flat, out=flat).reshape(len(z), *self.shape)
            return std * self.mean(z) if self.logarithmic else std
        variance = np.zeros((len(z), *self.shape))
        for change, spread in self.sensitivities(z, sigma):
            variance += (change * spread[..., None, None]) ** 2
        return np.sqrt(variance + self.lost_variance(self.mean(z)))

    def lost_variance(self, mean: np.ndarray) -> np.ndarray:
        """The variance (1 or q, t, points, components) that the reduction loses, about fields `mean`."""
        lost = self.truncation_variance.reshape(1, *self.shape)
        return lost * mean**2 if self.logarithmic else lost

    def rounding(self, mean: np.ndarray) -> np.ndarray | float:
        """Size of the rounding errors of the field, or of a quantity of it, at the value `mean`."""
        return self.round_off * np.abs(mean) if self.logarithmic else self.round_off

    def linear(self, z: np.ndarray, sigma: np.ndarray) -> LinearChanges | None:
        """The changes of the field with one std of each coordinate, where they are modes; else None."""
        if not self.affine or self.logarithmic:
            return None
        factors, rows = self.factored_modes
        return LinearChanges(rows.reshape(-1, *self.shape), (factors * sigma).T[..., None])

    def sensitivities(self, z: np.ndarray, sigma: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """For each coordinate r: d field / d z_r, (1 or q, t, points, components), and sigma_r (q, 1).

        A nonlinear reduction is differentiated by central differences over +-sigma_r, so that they also measure the
        change of the field within one std.
        """
        for r in range(z.shape[1]):
            if self.affine:
                factors, rows = self.factored_modes
                change = (factors[r] * rows[r]).reshape(1, *self.shape)
                yield (change * self.mean(z) if self.logarithmic else change), sigma[:, r, None]
                continue
            step = np.zeros_like(z)
            step[:, r] = sigma[:, r]
            ahead, behind = (self._unlogged(self._decode(moved)) for moved in (z + step, z - step))
            change = (ahead - behind) / (2.0 * sigma[:, r, None])
            yield change.reshape(len(z), *self.shape), sigma[:, r, None]

    def _unlogged(self, values: np.ndarray) -> np.ndarray:
        # A query far outside the runs must not overflow.
        return np.exp(np.minimum(values, 700.0)) if self.logarithmic else values

    def _decode(self, z: np.ndarray) -> np.ndarray:
        return self.reduction.decode(self.scaler.unscaled(z)).astype(np.float64)

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        arrays = prefixed("reduction.", self.reduction.state()) | prefixed("scaler.", self.scaler.state())
        if self.scaling is not None:
            arrays |= prefixed("scaling.", self.scaling.state())
        return arrays | {
            "truncation_variance": self.truncation_variance,
            "shape": np.array(self.shape),
            "round_off": np.array(self.round_off),
            "affine": np.array(self.affine),
            "logarithmic": np.array(self.logarithmic),
        }

    @classmethod
    def restore(cls, config: ReductionConfig, state: Mapping[str, np.ndarray]) -> Self:
        """Restore the field model from `state()`."""
        reduction = type(reduction_for(config)).restore(config, part(state, "reduction."))
        scaler = Scaler.restore(part(state, "scaler."))
        time, points, components = (int(size) for size in state["shape"])
        return cls(
            reduction,
            scaler,
            state["truncation_variance"],
            (time, points, components),
            float(state["round_off"]),
            bool(state["affine"]),
            bool(state["logarithmic"]),
            FieldScaling.restore(scaling) if (scaling := part(state, "scaling.")) else None,
        )
