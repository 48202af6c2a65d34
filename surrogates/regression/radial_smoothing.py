"""How much radial basis functions smooth their outputs, by the errors of left-out runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.surrogates.regression.extrapolation import Refitted
from fieldwright.surrogates.regression.radial_system import RadialSystem

AMOUNTS = (0.0, 1e-10, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Smoothing in units of the mean eigenvalue."""
NOISE = 1e-2
"""Amount from which on the outputs count as noisy; what is less helps against round-off alone."""
LARGEST = 5e6
"""Sum of the sizes of all terms, relative to the outputs, above which rounding leaves fewer than ten digits of the
fields."""
SMALL = 100.0
"""By how much an output that weighs little may exceed that: of its digits eight are left."""
NEGLIGIBLE = 1e-3
"""Size of an output, relative to the largest, below which its weights do not decide for the others."""
TINY = np.finfo(float).tiny


@dataclass(frozen=True, eq=False)
class Smoothed:
    """The weights of outputs z (n, r), each smoothed by one of several amounts.

    One amount for all is chosen first. Left-out errors of the modes of a field are exact only together: the modes
    were learned from the left-out run too, and each of the last ones by itself looks like noise. Where all together
    need smoothing by `NOISE` or more, there is noise, and each output has the amount that suits it best.

    amounts: (r,) in absolute terms. weights: (n, r). errors: (n, r) of each run if it were left out. total: the size
    of these errors, see `typical_error`.
    """

    system: RadialSystem
    amounts: np.ndarray
    weights: np.ndarray
    errors: np.ndarray
    noisy: bool
    total: float

    @classmethod
    def of(
        cls,
        system: RadialSystem,
        z: np.ndarray,
        amounts: tuple[float, ...] = AMOUNTS,
        sizes: np.ndarray | None = None,
    ) -> Self:
        """Choose among the amounts; sizes: (r,) what each output weighs, all the same by default."""
        sizes = np.ones(z.shape[1]) if sizes is None else sizes
        absolute = np.array(amounts) * system.scale
        weights = np.stack([system.weights(z, float(amount)) for amount in absolute])
        errors = np.stack(
            [system.left_out(z, one, float(a)) for one, a in zip(weights, absolute, strict=True)]
        )
        terms = np.abs(weights).sum(axis=1) * np.abs(system.kernel_matrix).max(initial=0.0)
        values = np.abs(z).max(axis=0, initial=TINY)
        usable = sizes * terms <= LARGEST * np.max(sizes * values, initial=TINY)
        usable &= terms <= SMALL * LARGEST * values
        # The last one is there whatever its weights are.
        usable[-1] = True
        decisive = sizes > NEGLIGIBLE * sizes.max(initial=0.0)
        total = np.array([typical_error(one, sizes) for one in errors])
        total[~usable[:, decisive].all(axis=1)] = np.inf
        common = int(np.argmin(total))
        noisy = amounts[common] >= NOISE
        if noisy:
            choice = np.argmin(np.where(usable, np.mean(np.abs(errors), axis=1), np.inf), axis=0)
        else:
            choice = np.maximum(common, usable.argmax(axis=0))
        each = (choice, slice(None), np.arange(z.shape[1]))
        # Contiguous, as they come back from a file: products of another layout differ in the last bits.
        of_runs = np.ascontiguousarray(errors[each].T)
        weights = np.ascontiguousarray(weights[each].T)
        return cls(system, absolute[choice], weights, of_runs, noisy, typical_error(of_runs, sizes))

    def refitted(self, noise: np.ndarray) -> Refitted:
        """Errors at rows that are left out together, as a function of the rows; noise: variances (r,) of one."""

        def errors(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            missed = np.empty((len(rows), len(noise)))
            for amount in np.unique(self.amounts):
                alike = self.amounts == amount
                missed[:, alike] = self.system.left_out_together(rows, self.weights[:, alike], float(amount))
            return missed, len(rows) * noise

        return errors


def typical_error(errors: np.ndarray, sizes: np.ndarray) -> float:
    """The size of errors (n, r) of outputs that weigh `sizes` (r,).

    The mean of the roots of the error of each run, squared: between the mean, which the outermost runs decide, and
    the geometric one, which the luckiest do.
    """
    of_runs = np.sqrt(np.sum((errors * sizes) ** 2, axis=1))
    return float(np.mean(np.sqrt(of_runs)) ** 2)
