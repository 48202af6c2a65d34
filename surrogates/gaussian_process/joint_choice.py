"""One choice for all modes of a field: which of several sets of kernels predicts left-out runs best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from fieldwright.surrogates.gaussian_process.kernel import FAMILIES, LEAST_NOISE, Hyperparameters
from fieldwright.surrogates.gaussian_process.posterior import cholesky
from fieldwright.surrogates.regression.radial_smoothing import typical_error

FOLDS = 6
MOST_RUNS = 200
"""Runs by which sets of kernels are compared."""
MOST_MODES = 40
"""Modes by which they are compared, the leading ones."""
LEAST_GAIN = 0.03
"""Share of the error by which a further set must be better than those before it."""
SMOOTH = 1e-8
"""Noise variance over outputscale of a kernel that goes through all runs."""
SMOOTHEST = (SMOOTH, 1e-10, LEAST_NOISE)
"""Of a kernel that all modes share: the smoother the fields, the flatter the kernel that predicts them best, and the
less noise it takes before its covariance is lost in it."""
STRETCHES = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
"""Of the mean lengthscales, for a kernel that all modes share."""
FLAT = 1e3
"""Lengthscale that stands for an infinite one in a mean."""
SIGNIFICANT = 1e-10
"""Size of a mode, relative to the largest, below which it is rounding."""


def modes_down_to(sizes: np.ndarray, share: float) -> np.ndarray:
    """(r,) bool: modes of sizes (r,) down to this share of the largest of their field, the first of each included."""
    return sizes >= share * np.maximum.accumulate(np.where(_first_of_fields(sizes), sizes, 0.0))


def _first_of_fields(sizes: np.ndarray) -> np.ndarray:
    """(r,) bool: where a field begins in the sizes of the joined modes of several, which fall within each."""
    return np.diff(sizes, prepend=-np.inf) > 0.0


def chosen_jointly(
    x: np.ndarray,
    z: np.ndarray,
    counts: np.ndarray,
    sizes: np.ndarray,
    sets: Sequence[Hyperparameters],
    seed: int,
) -> Hyperparameters:
    """The set of kernels, one of each mode, by which left-out runs are predicted best, all modes together.

    Likelihoods compare kernels mode by mode, and the last modes of a field with fronts look like noise each by
    itself: smoothed so, they miss the runs together. Compared are the sets given, a kernel that all modes share and
    that goes through all runs, and the best of these without noise. Runs are left out by folds; the modes are learned
    anew from the others, mode k keeping the kernel of mode k.

    x : (n, p). z : (n, r), of about unit variance. counts : (n,) observations of each run. sizes : (r,) what each
    mode weighs in its field; it falls within a field. sets : at least one, of r modes.
    """
    rows = np.sort(np.random.default_rng(seed).permutation(len(x))[:MOST_RUNS])
    comparison = _Comparison(x[rows], z[rows], counts[rows], sizes, seed)
    best, least = sets[0], comparison.error(sets[0])
    further = [*sets[1:]]
    once = bool((counts == 1).all())
    if once:
        further += [comparison.shared(sets[0])]
    for each in further:
        error = comparison.error(each)
        if error < (1.0 - LEAST_GAIN) * least:
            best, least = each, error
    if once and comparison.error(comparison.without_noise(best)) < (1.0 - LEAST_GAIN) * least:
        best = comparison.without_noise(best)
    return best if any(best is each for each in sets) else comparison.of_likeliest_variance(best)


@dataclass(frozen=True, eq=False)
class _Comparison:
    """Runs at places of their own, by which sets of kernels are compared."""

    x: np.ndarray
    z: np.ndarray
    counts: np.ndarray
    sizes: np.ndarray
    seed: int

    def error(self, hyper: Hyperparameters) -> float:
        """The typical error of runs that are left out by folds, of all modes together."""
        n = len(self.x)
        fold = np.random.default_rng(self.seed).permutation(n) % min(FOLDS, n)
        squares = np.zeros(n)
        for block in self._fields():
            coordinates = self.z[:, block] * self.sizes[block]
            for index in range(int(fold.max()) + 1):
                training = fold != index
                squares[~training] += self._missed(hyper, block, coordinates, training)
        return typical_error(np.sqrt(squares)[:, None], np.ones(1))

    def _fields(self) -> Iterator[np.ndarray]:
        """The positions of the leading modes of each field."""
        starts = np.flatnonzero(_first_of_fields(self.sizes)).tolist()
        for start, end in zip(starts, [*starts[1:], len(self.sizes)], strict=True):
            yield np.arange(start, min(end, start + MOST_MODES))

    def _missed(
        self, hyper: Hyperparameters, block: np.ndarray, coordinates: np.ndarray, training: np.ndarray
    ) -> np.ndarray:
        """Squared errors (h,) of the runs that are left out; coordinates: (n, b) in units of the field."""
        mean = coordinates[training].mean(axis=0)
        centred, others = coordinates[training] - mean, coordinates[~training]
        _, size, modes = np.linalg.svd(centred, full_matrices=False)
        modes = modes[size > SIGNIFICANT * size.max(initial=0.0)]
        if not len(modes):
            return np.sum((others - mean) ** 2, axis=1)
        latent = centred @ modes.T
        scale = latent.std(axis=0)
        of_modes = hyper.outputs(torch.from_numpy(block[: len(modes)]))
        x, queries = torch.from_numpy(self.x[training]), torch.from_numpy(self.x[~training])
        noise = of_modes.noise_at(x) / torch.from_numpy(self.counts[training])
        factor = cholesky(of_modes.covariance(x, x) + torch.diag_embed(noise))
        residual = torch.from_numpy((latent / scale).T) - of_modes.mean(x)
        weights = torch.cholesky_solve(residual[..., None], factor)
        predicted = of_modes.mean(queries) + (of_modes.covariance(queries, x) @ weights)[..., 0]
        return np.sum(((predicted.numpy().T * scale) @ modes + mean - others) ** 2, axis=1)

    @staticmethod
    def without_noise(hyper: Hyperparameters) -> Hyperparameters:
        """The same kernels through all runs."""
        return replace(hyper, noise=torch.minimum(hyper.noise, SMOOTH * hyper.outputscale))

    def shared(self, hyper: Hyperparameters) -> Hyperparameters:
        """One kernel of all modes, by left-out runs; its lengthscales have the ratios of the means over `hyper`."""
        x, z = torch.from_numpy(self.x), self.z * self.sizes
        weights = torch.from_numpy(self.sizes**2 / np.sum(self.sizes**2))
        mean = torch.exp(weights @ torch.log(hyper.lengthscale.clamp(max=FLAT)))
        best, least = hyper, np.inf
        for family in range(len(FAMILIES)):
            for stretch in STRETCHES:
                one = self._shared(mean * stretch, family, 1, 0.0)
                covariance = one.covariance(x, x)
                for noise in SMOOTHEST:
                    matrix = covariance + noise * torch.eye(len(x), dtype=x.dtype)
                    inverse = torch.cholesky_inverse(cholesky(matrix)[0]).numpy()
                    # The mean is estimated too, so that errors do not depend on it.
                    column = inverse.sum(axis=1)
                    inverse = inverse - np.outer(column, column) / column.sum()
                    error = typical_error(inverse @ z / np.diag(inverse)[:, None], np.ones(z.shape[1]))
                    if error < least:
                        least, best = error, self._shared(mean * stretch, family, len(self.sizes), noise)
        return best

    @staticmethod
    def _shared(lengthscale: torch.Tensor, family: int, modes: int, noise: float) -> Hyperparameters:
        ones = torch.ones(modes, dtype=torch.float64)
        none = torch.zeros(modes, len(lengthscale), dtype=torch.float64)
        return Hyperparameters(
            lengthscale.expand(modes, -1).contiguous(),
            ones,
            none,
            none.clone(),
            noise * ones,
            0.0 * ones,
            torch.full((modes,), family),
        )

    def of_likeliest_variance(self, hyper: Hyperparameters) -> Hyperparameters:
        """The same kernels, each with the constant and the variance that are the likeliest."""
        x, z = torch.from_numpy(self.x), torch.from_numpy(self.z.T)
        factor = cholesky(hyper.covariance(x, x) + torch.diag_embed(hyper.noise_at(x)))
        both = torch.stack([z, torch.ones_like(z)], dim=2)
        weights = torch.cholesky_solve(both, factor)
        constant = weights[..., 0].sum(dim=1) / weights[..., 1].sum(dim=1)
        residual = z - constant[:, None]
        square = (residual * (weights[..., 0] - constant[:, None] * weights[..., 1])).sum(dim=1)
        ratio = (square / z.shape[1]).clamp(min=torch.finfo(z.dtype).tiny)
        return replace(hyper.with_variance(ratio), constant=constant)
