"""How well the runs themselves could be predicted, each without itself, by two cheap regressions."""

from __future__ import annotations

import numpy as np

from surrogates.polynomials import Legendre, number_of_terms
from surrogates.pursuit import pursue
from surrogates.radial_basis import CubicRBF
from surrogates.scaler import Scaler

HIGHEST_DEGREE = 5
TERMS_PER_RUN = 2
PATIENCE = 8


def left_out_errors(u: np.ndarray, latent: np.ndarray) -> list[np.ndarray]:
    """Leave-one-out errors (n, r) of latent (n, r) at inputs u (n, p): of cubic RBF and of a sparse polynomial.

    The first interpolates what is rough, the second finds the few products that smooth physics is made of.
    """
    n, p = u.shape
    degree = HIGHEST_DEGREE
    while degree > 2 and number_of_terms(p, degree) > TERMS_PER_RUN * n:
        degree -= 1
    phi = np.hstack([np.ones((n, 1)), Legendre.fit(u, degree).terms(u)])
    return [CubicRBF.fit(Scaler.fit(u).scaled(u), latent)[1], pursue(phi, latent, PATIENCE).left_out]


def least_left_out(u: np.ndarray, latent: np.ndarray) -> np.ndarray:
    """The errors (n, r) of each coordinate by that one of the two whose squares have the smaller sum."""
    rough, smooth = left_out_errors(u, latent)
    return np.where(np.sum(rough**2, axis=0) < np.sum(smooth**2, axis=0), rough, smooth)
