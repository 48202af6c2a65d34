"""How likely the runs are on given scales of their parameters, told by a Gaussian process."""

from __future__ import annotations

import numpy as np

from fieldwright.surrogates.fields.transforms.scaler import Scaler

COORDINATES = 3
"""Latent coordinates that are asked, those that carry most of the field."""


def negative_log_evidence(u: np.ndarray, latent: np.ndarray) -> float:
    """Of the leading latent coordinates (n, r) over inputs u (n, p), summed; the less, the better they explain it.

    The lengthscales are those of highest likelihood of a Matern 5/2 process. Leave-one-out errors are ruled by the
    outermost runs, which a scale that stretches the way to zero sets apart from all others; a likelihood is not.
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
