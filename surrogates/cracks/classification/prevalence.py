"""How common cracks are where the model is used, against where it was calibrated."""

from __future__ import annotations

import math

import numpy as np

from fieldwright.data.errors import QueryError


def log_odds(share: float, name: str = "prevalence") -> float:
    """log(share / (1 - share)) of a share between 0 and 1; raises QueryError for any other."""
    if not 0.0 < share < 1.0:
        raise QueryError(
            f"'{name}' must be a share between 0 and 1, both excluded",
            f"{share:g}",
            "Give 0.005 where one photo in 200 shows a crack",
        )
    return math.log(share) - math.log1p(-share)


def shift(calibrated: float, prevalence: float) -> float:
    """What moves log-odds from the calibrated prevalence to that of the user's population.

    log odds(prevalence) - log odds(calibrated), by Bayes' rule, where cracked photos look alike in both
    places and sound ones too: only their shares differ. Source: Saerens, Latinne & Decaestecker, Adjusting
    the outputs of a classifier to new a priori probabilities, Neural Computation 14, 2002, equation 2.4.
    """
    return log_odds(prevalence) - log_odds(calibrated, "calibrated prevalence")


def crack_given_alarm(sensitivity: float, specificity: float, prevalence: float) -> float:
    """P(crack | alarm) = sensitivity prevalence / (sensitivity prevalence + (1 - specificity) (1 -
    prevalence)).

    A test that is right on 99 % of the cracked and 99 % of the sound, used where 0.5 % are cracked, is right
    in 0.332 of its alarms: one in three. Raises QueryError for shares outside 0 to 1.
    """
    for name, share in (("sensitivity", sensitivity), ("specificity", specificity)):
        if not 0.0 <= share <= 1.0:
            raise QueryError(f"'{name}' must be a share from 0 to 1", f"{share:g}", "Give 0.99 for 99 %")
    log_odds(prevalence)
    right = sensitivity * prevalence
    alarms = right + (1.0 - specificity) * (1.0 - prevalence)
    if alarms == 0.0:
        raise QueryError(
            "A test must raise an alarm at times for its alarms to have a meaning",
            "sensitivity 0 and specificity 1",
            "Lower the threshold",
        )
    return right / alarms


def estimated(probability: np.ndarray, calibrated: float, iterations: int = 1000) -> float:
    """The prevalence among photos without labels, from their probabilities (n,) at the calibrated prevalence.

    Expectation maximisation of the likelihood of the photos over the prevalence: the mean of the shifted
    probabilities becomes the next prevalence. Source: Saerens, Latinne & Decaestecker, 2002, section 2.2.
    """
    odds = np.clip(probability, 1e-12, 1.0 - 1e-12)
    odds = odds / (1.0 - odds) / math.exp(log_odds(calibrated, "calibrated prevalence"))
    prevalence = calibrated
    for _ in range(iterations):
        weighted = odds * prevalence
        following = float(np.mean(weighted / (weighted + 1.0 - prevalence)))
        if abs(following - prevalence) < 1e-12:
            break
        prevalence = following
    return prevalence
