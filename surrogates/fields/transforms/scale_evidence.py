"""The likelihood of the runs on given scales of their parameters, by a Gaussian process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fieldwright.surrogates.fields.transforms.scaler import Scaler

if TYPE_CHECKING:
    from fieldwright.surrogates.gaussian_process.optimum import Optimum

COORDINATES = 3
"""Number of latent coordinates considered, those of largest variance."""
MOST_RUNS = 80
"""A likelihood of more runs takes longer and distinguishes the scales no better."""
TOLERANCE = 0.05
"""Gain of the log likelihood in one step that ends a search; scales that matter differ by much more."""


class ScaleEvidence:
    """The negative log likelihood of the leading latent coordinates as functions of scaled parameters.

    Each coordinate has the family, Matern 5/2 or squared exponential, that is the more likely on the scales asked for
    first; on all others a search begins at its hyperparameters there, or at the common ones if these are better.
    Leave-one-out errors depend most on the outermost runs, which a scale that stretches the range near zero isolates;
    a likelihood does not.
    """

    def __init__(self, latent: np.ndarray) -> None:
        leading = np.argsort(latent.var(axis=0), kind="stable")[::-1][:COORDINATES]
        columns = latent[:MOST_RUNS, leading]
        self._columns = np.ascontiguousarray(Scaler.fit(columns).scaled(columns).T)
        self._first: list[Optimum] = []

    def __call__(self, u: np.ndarray) -> float:
        """The sum over the coordinates at inputs u (n, p); lower is more likely."""
        # Its import takes seconds, which an endpoint that only predicts should not wait for.
        from fieldwright.surrogates.gaussian_process.kernel import Structure
        from fieldwright.surrogates.gaussian_process.likelihood import Sample
        from fieldwright.surrogates.gaussian_process.optimum import Objectives

        u = u[:MOST_RUNS]
        search = Objectives(np.ascontiguousarray(Scaler.fit(u).scaled(u)))
        samples = [Sample.once(column) for column in self._columns]

        def optimum(structure: Structure, sample: Sample, earlier: Optimum | None) -> Optimum:
            common = search[structure].starts()
            if earlier is not None:
                common = [common[0], earlier.theta]
            starts = [search.at(structure, start, sample) for start in common]
            best = min(starts, key=lambda each: each.value)
            inverse = earlier.inverse if earlier is not None and best is starts[-1] else None
            return search.followed(structure, best.theta, sample, inverse, TOLERANCE)

        if not self._first:
            structures = [Structure("matern52"), Structure("rbf")]
            self._first = [
                min((optimum(each, sample, None) for each in structures), key=lambda end: end.value)
                for sample in samples
            ]
            return sum(each.value for each in self._first)
        pairs = zip(samples, self._first, strict=True)
        return sum(optimum(earlier.structure, sample, earlier).value for sample, earlier in pairs)
