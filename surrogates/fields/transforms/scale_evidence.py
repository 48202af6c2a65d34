"""The likelihood of the runs on given scales of their parameters, by a Gaussian process."""

from __future__ import annotations

import numpy as np

from fieldwright.surrogates.fields.transforms.scaler import Scaler

COORDINATES = 3
"""Number of latent coordinates considered, those of largest variance."""


def negative_log_evidence(u: np.ndarray, latent: np.ndarray) -> float:
    """The sum over the leading latent coordinates (n, r) as functions of inputs u (n, p); lower is more likely.

    The lengthscales are those of highest likelihood of a Matern 5/2 process. Leave-one-out errors depend most on the
    outermost runs, which a scale that stretches the range near zero isolates; a likelihood does not.
    """
    # Its import takes seconds, which an endpoint that only predicts should not wait for.
    from fieldwright.surrogates.gaussian_process.kernel import Structure
    from fieldwright.surrogates.gaussian_process.likelihood import Sample
    from fieldwright.surrogates.gaussian_process.optimum import Objectives

    objectives, structure = Objectives(np.ascontiguousarray(Scaler.fit(u).scaled(u))), Structure("matern52")
    start = objectives[structure].start()
    leading = np.argsort(latent.var(axis=0), kind="stable")[::-1][:COORDINATES]
    columns = Scaler.fit(latent[:, leading]).scaled(latent[:, leading])
    return sum(
        objectives.followed(structure, start, Sample.once(np.ascontiguousarray(column))).value
        for column in columns.T
    )
