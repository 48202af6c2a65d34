"""The last layers of a trained classifier, refitted to a few photos of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Literal

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from fieldwright.surrogates.cracks.classification.cnn_network import PhotoNetwork

Adaptation = Literal["calibration", "last_layer"]
FOLDS = 5
STRENGTHS = np.logspace(-4.0, 1.0, 11)
"""Candidates of C, the inverse of the penalty."""
FREE = 10.0
"""Size of the old log-odds among columns of size 1: the penalty hardly touches their coefficient."""


def adapted_heads(
    networks: Sequence[PhotoNetwork], features: np.ndarray, cracked: np.ndarray, seed: int
) -> tuple[tuple[PhotoNetwork, ...], np.ndarray]:
    """The networks with new last layers, and log-odds (members, n) of each photo by a fit that left it out.

    features: (members, n, width), pooled, of n photos with labels (n,) bool. Logistic regression on the old
    log-odds and on the standardised features; the squared coefficients of the latter are penalised, so that
    without evidence the old answer stays up to temperature and bias. The penalty is that of the least
    cross-entropy over photos left out.
    """
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(cracked, cracked))
    adapted, left_out = [], []
    for network, features_of_network in zip(networks, features, strict=True):
        weight = network.head.weight.detach().cpu().numpy()[0].astype(np.float64)
        old = features_of_network @ weight
        # Columns are linear in the features, so that what is found is a last layer again.
        middle, scale = features_of_network.mean(axis=0), np.maximum(features_of_network.std(axis=0), 1e-6)
        size = max(float(old.std()), 1e-6) / FREE
        columns = np.column_stack([old / size, (features_of_network - middle) / scale])
        candidates = []
        for strength in STRENGTHS:
            logit = np.empty(len(cracked))
            for training, held_out in folds:
                logit[held_out] = _regression(
                    columns[training], cracked[training], strength
                ).decision_function(columns[held_out])
            candidates.append((log_loss(cracked, 1.0 / (1.0 + np.exp(-logit))), strength, logit))
        _, strength, logit = min(candidates, key=lambda one: one[0])
        regression = _regression(columns, cracked, strength)
        coefficient = regression.coef_[0, 1:] / scale
        copy = deepcopy(network)
        with torch.no_grad():
            copy.head.weight.copy_(
                torch.from_numpy(regression.coef_[0, 0] / size * weight + coefficient)[None]
            )
            copy.head.bias.copy_(torch.from_numpy(regression.intercept_ - middle @ coefficient))
        adapted.append(copy)
        left_out.append(logit)
    return tuple(adapted), np.stack(left_out)


def _regression(columns: np.ndarray, cracked: np.ndarray, strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=1000).fit(columns, cracked)
