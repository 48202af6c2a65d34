"""The kernel of radial basis functions and how much each parameter counts, by the errors of left-out runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fieldwright.surrogates.domain.places import MeansByPlace
from fieldwright.surrogates.regression.radial_kernels import FORMS, KERNEL_NAMES, KernelName, RadialKernel
from fieldwright.surrogates.regression.radial_smoothing import AMOUNTS, Smoothed
from fieldwright.surrogates.regression.radial_system import RadialSystem, squared_distances

MOST_RUNS = 200
"""Runs by which the choice is made; all are learned from."""
FEWER_RUNS = 100
"""Runs by which errors are compared that differ by much."""
MOST_OUTPUTS = 100
"""Outputs by which it is made: those that weigh most. The last ones of a field with shocks decide whether to
smooth."""
SHAPES = (0.15, 0.4, 1.0, 2.5)
"""Of kernels with a shape, over the median distance of two runs."""
TYPICAL: tuple[KernelName, ...] = ("thin_plate", "cubic", "gaussian", "inverse_multiquadric", "matern52")
"""Kernels of which one suits most functions."""
BEST = 8
"""Kernels that are tried again once the parameters count by their influence."""
ROUNDS = 2
LEAST_GAIN = 0.02
"""Share by which another scale of one parameter must reduce the typical error."""
CHANCE = 0.01
"""Share by which scales that differ must reduce it for each parameter, as trying many of them gains a little."""
STEPS = (2.0, 1.4)
SHAPE_STEPS = (1.6, 1.25)
"""By which the shape of the best kernel is changed in the end, up and down."""
LEAST_SCALE = 0.01
"""Of a parameter, relative to that which counts most."""
TINY = np.finfo(float).tiny


@dataclass(frozen=True, eq=False)
class RadialChoice:
    """A kernel and the scales (p,) of the parameters, and what they say of the runs."""

    kernel: RadialKernel
    scales: np.ndarray
    solution: Smoothed

    @property
    def error(self) -> float:
        """The typical error of runs that are left out."""
        return self.solution.total


def chosen_kernel(
    x: np.ndarray,
    z: np.ndarray,
    sizes: np.ndarray | None,
    seed: int,
    names: Sequence[KernelName] = KERNEL_NAMES,
    amounts: tuple[float, ...] = AMOUNTS,
    weigh: bool = True,
) -> tuple[RadialKernel, np.ndarray]:
    """The kernel, and the scales (p,) of the parameters, by which runs are predicted best without themselves.

    First every kernel with all parameters alike; then parameters scaled by the root mean square slopes of the best
    one, and by the root of these; then each scale alone, up and down.

    Parameters
    ----------
    x : (n, p)
        Parameters of about unit variance.
    z : (n, r)
        Outputs of about unit variance.
    sizes : (r,)
        What each output weighs in the error; None lets those count that can be predicted.
    names : of the kernels to try.
    amounts : of smoothing, see `Smoothed`.
    weigh : whether parameters may differ in scale.
    """
    pooled = MeansByPlace.of(x, z)
    rows = np.sort(np.random.default_rng(seed).permutation(len(pooled.x))[:MOST_RUNS])
    search = _Search(pooled.x[rows], pooled.z[rows], sizes, amounts)
    alike = search.ranked(_kernels(names, search.x), np.ones(x.shape[1]))
    best = alike[0]
    if not weigh or x.shape[1] < 2:
        return search.reshaped(best).kernel, best.scales
    candidates = [one.kernel for one in alike[:BEST]]
    for _ in range(ROUNDS):
        before = best.error
        slopes = search.slopes(best)
        for power in (0.5, 1.0):
            best = min(best, search.ranked(candidates, _scales(slopes**power))[0], key=lambda one: one.error)
        if best.error >= before:
            break
    for step in STEPS:
        for j in range(x.shape[1]):
            for factor in (step, 1.0 / step):
                scales = best.scales.copy()
                scales[j] *= factor
                other = search.of(best.kernel, scales)
                if other.error < (1.0 - LEAST_GAIN) * best.error:
                    best = other
                    break
    if best.error > (1.0 - CHANCE) ** x.shape[1] * alike[0].error:
        best = alike[0]
    return search.reshaped(best).kernel, best.scales


def least_error(x: np.ndarray, z: np.ndarray, sizes: np.ndarray, seed: int) -> float:
    """The typical error of left-out runs by the best of some kernels, all parameters alike; as `chosen_kernel`."""
    pooled = MeansByPlace.of(x, z)
    rows = np.sort(np.random.default_rng(seed).permutation(len(pooled.x))[:FEWER_RUNS])
    search = _Search(pooled.x[rows], pooled.z[rows], sizes, AMOUNTS)
    return search.ranked(_kernels(TYPICAL, search.x), np.ones(x.shape[1]))[0].error


def _scales(influence: np.ndarray) -> np.ndarray:
    """(p,) in the ratios of the influences, their root mean square 1."""
    bounded = np.maximum(influence, LEAST_SCALE * influence.max(initial=TINY))
    return bounded / np.sqrt(np.mean(bounded**2))


def _kernels(names: Sequence[KernelName], x: np.ndarray) -> list[RadialKernel]:
    """Those that runs x (n, p) can decide: with polynomials of at most half as many terms as there are runs."""
    n, p = x.shape
    distance = float(np.sqrt(np.median(squared_distances(x, x)[np.triu_indices(n, 1)]))) if n > 1 else 1.0
    terms = {0: 1, 1: 1 + p, 2: 1 + p + p * (p + 1) // 2}
    kernels = []
    for name in names:
        form = FORMS[name]
        shapes = [share / max(distance, TINY) for share in SHAPES] if form.shaped else [1.0]
        for degree in range(max(form.degree, 0), 2 if form.shaped or form.degree < 1 else 3):
            if terms[degree] <= max(n // 2, 1) or degree == 0:
                kernels += [RadialKernel(name, shape, degree) for shape in shapes]
    return kernels or [RadialKernel("linear", 1.0, 0)]


class _Search:
    """Runs x (n, p), z (n, r) at places of their own, by which kernels and scales are compared."""

    def __init__(
        self, x: np.ndarray, z: np.ndarray, sizes: np.ndarray | None, amounts: tuple[float, ...]
    ) -> None:
        self.x, self.amounts = x, amounts
        sizes = self._predictable(z) if sizes is None else sizes
        leading = np.sort(np.argsort(-sizes, kind="stable")[:MOST_OUTPUTS])
        self.z, self.sizes = z[:, leading], sizes[leading]

    def _predictable(self, z: np.ndarray) -> np.ndarray:
        """(r,) the share of each output's size that linear basis functions tell of left-out runs."""
        system = RadialSystem.of(self.x, RadialKernel("linear", 1.0, 0))
        errors = np.abs(Smoothed.of(system, z, self.amounts).errors).mean(axis=0)
        return np.maximum(1.0 - errors / (np.abs(z - z.mean(axis=0)).mean(axis=0) + TINY), LEAST_SCALE)

    def of(self, kernel: RadialKernel, scales: np.ndarray) -> RadialChoice:
        """The kernel with these scales of the parameters."""
        system = RadialSystem.of(self.x * scales, kernel)
        return RadialChoice(kernel, scales, Smoothed.of(system, self.z, self.amounts, self.sizes))

    def reshaped(self, one: RadialChoice) -> RadialChoice:
        """The same with the shape of its kernel changed as long as that reduces the error."""
        if not FORMS[one.kernel.name].shaped:
            return one
        for step in SHAPE_STEPS:
            for factor in (step, 1.0 / step):
                other = self.of(replace(one.kernel, shape=factor * one.kernel.shape), one.scales)
                if other.error < one.error:
                    one = other
                    break
        return one

    def ranked(self, kernels: Iterable[RadialKernel], scales: np.ndarray) -> list[RadialChoice]:
        """The kernels with these scales, the best one first."""
        return sorted((self.of(kernel, scales) for kernel in kernels), key=lambda one: one.error)

    def slopes(self, one: RadialChoice) -> np.ndarray:
        """(p,) root mean square slopes along each parameter at the runs, each output by its size."""
        scaled, kernel, weights = self.x * one.scales, one.kernel, one.solution.weights
        difference = scaled[:, None] - scaled
        along = kernel.slopes(np.sum(difference**2, axis=-1, keepdims=True)) * difference
        slopes = np.einsum("qnj,nr->qrj", along, weights)
        polynomial = one.solution.system.polynomial_weights(self.z, weights)
        slopes += np.einsum("qmj,mr->qrj", kernel.polynomial_slopes(scaled), polynomial)
        squares = np.mean(slopes**2, axis=0) * self.sizes[:, None] ** 2
        return np.sqrt(squares.sum(axis=0)) * one.scales
