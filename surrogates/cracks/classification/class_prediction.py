"""What a crack classifier answers: a probability with its band, a decision, and whether it may be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from scipy.stats import norm

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(31)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


@dataclass(frozen=True, eq=False)
class ClassPrediction:
    """The answer to q photos; every array has q rows.

    probability: of a crack, calibrated, at the prevalence asked for. std: of it. lower, upper: band round it,
    in which a classifier trained and calibrated anew on other photos of the same kind would put it.
    inside: whether the photo resembles the training photos: the patch that decided, and at least half of all.
    outside: how far from them, 1 at the border.
    why: for each photo one sentence on why it is not inside, or None where it is.
    crack: whether the probability reaches the threshold. where: (q, 4) first row, first column, rows and
    columns of the patch that decided, the whole photo where it was looked at whole.
    """

    probability: np.ndarray
    std: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    inside: np.ndarray
    crack: np.ndarray
    outside: np.ndarray
    why: tuple[str | None, ...]
    where: np.ndarray


def spread_of_probability(
    log_odds: np.ndarray, deviation: np.ndarray, coverage: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Std and band (lower, upper), each (q,), of sigmoid(z) for z normal with mean and std (q,).

    The std by Gauss-Hermite quadrature; the band is the sigmoid of z's own, so it never leaves 0 to 1.
    """
    values = expit(log_odds[:, None] + deviation[:, None] * NODES)
    mean = values @ WEIGHTS
    std = np.sqrt(np.maximum(np.square(values - mean[:, None]) @ WEIGHTS, 0.0))
    reach = norm.ppf(0.5 + 0.5 * coverage) * deviation
    return std, expit(log_odds - reach), expit(log_odds + reach)
