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
    made, left_out = [], []
    for network, seen in zip(networks, features, strict=True):
        weight = network.head.weight.detach().cpu().numpy()[0].astype(np.float64)
        old = seen @ weight
        # Columns are linear in the features, so that what is found is a last layer again.
        middle, scale = seen.mean(axis=0), np.maximum(seen.std(axis=0), 1e-6)
        size = max(float(old.std()), 1e-6) / FREE
        columns = np.column_stack([old / size, (seen - middle) / scale])
        tried = []
        for strength in STRENGTHS:
            logit = np.empty(len(cracked))
            for kept, held in folds:
                logit[held] = _regression(columns[kept], cracked[kept], strength).decision_function(
                    columns[held]
                )
            tried.append((log_loss(cracked, 1.0 / (1.0 + np.exp(-logit))), strength, logit))
        _, strength, logit = min(tried, key=lambda one: one[0])
        found = _regression(columns, cracked, strength)
        coefficient = found.coef_[0, 1:] / scale
        copy = deepcopy(network)
        with torch.no_grad():
            copy.head.weight.copy_(torch.from_numpy(found.coef_[0, 0] / size * weight + coefficient)[None])
            copy.head.bias.copy_(torch.from_numpy(found.intercept_ - middle @ coefficient))
        made.append(copy)
        left_out.append(logit)
    return tuple(made), np.stack(left_out)


def _regression(columns: np.ndarray, cracked: np.ndarray, strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=1000).fit(columns, cracked)
