"""How well the runs themselves could be predicted, each without itself, by two cheap regressions."""

from __future__ import annotations

import numpy as np

from fieldwright.surrogates.domain.places import MeansByPlace
from fieldwright.surrogates.fields.transforms.scaler import Scaler
from fieldwright.surrogates.regression.polynomials import Legendre, number_of_terms
from fieldwright.surrogates.regression.pursuit import pursue
from fieldwright.surrogates.regression.radial_basis import RadialBasis

HIGHEST_DEGREE = 5
TERMS_PER_RUN = 2
PATIENCE = 8


def left_out_errors(u: np.ndarray, latent: np.ndarray) -> list[np.ndarray]:
    """Leave-one-out errors (n, r) of latent (n, r) at inputs u (n, p): of cubic RBF and of a sparse polynomial.

    Runs of one place are left out together. The first interpolates what is rough, the second finds the few products
    that smooth physics is made of.
    """
    return [regression(u, latent) for regression in REGRESSIONS]


def left_out_by_basis_functions(u: np.ndarray, latent: np.ndarray) -> np.ndarray:
    """The errors of cubic RBF."""
    return RadialBasis.left_out_errors(Scaler.fit(u).scaled(u), latent)


def left_out_by_polynomial(u: np.ndarray, latent: np.ndarray) -> np.ndarray:
    """The errors of a sparse polynomial."""
    pooled = MeansByPlace.of(Scaler.fit(u).scaled(u), latent)
    first = np.unique(pooled.place, return_index=True)[1]
    n, p = len(first), u.shape[1]
    degree = HIGHEST_DEGREE
    while degree > 2 and number_of_terms(p, degree) > TERMS_PER_RUN * n:
        degree -= 1
    phi = np.hstack([np.ones((n, 1)), Legendre.fit(u, degree).terms(u[first])])
    return pooled.left_out(pursue(phi, pooled.z, PATIENCE).left_out, latent)


REGRESSIONS = (left_out_by_basis_functions, left_out_by_polynomial)


def least_left_out(u: np.ndarray, latent: np.ndarray) -> np.ndarray:
    """The errors (n, r) of each coordinate by that one of the two whose squares have the smaller sum."""
    rough, smooth = left_out_errors(u, latent)
    return np.where(np.sum(rough**2, axis=0) < np.sum(smooth**2, axis=0), rough, smooth)
