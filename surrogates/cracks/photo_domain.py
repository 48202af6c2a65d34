"""Whether a photo resembles those that a classifier was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from sklearn.covariance import LedoitWolf

WITHIN = 0.99
"""Share of the validation photos that lie inside."""
CONSTANT = 1e-6
"""Standard deviation up to which a feature counts as constant."""


@dataclass(frozen=True, eq=False)
class PhotoDomain:
    """A photo is inside when its features lie near those of one class: min_k d_k <= limit.

    d_k^2 = (f - m_k)^T S^-1 (f - m_k) with the classes' means m_k and one covariance S within the classes,
    shrunk (Ledoit & Wolf, J. Multivariate Analysis 88, 2004). Source: Lee, Lee, Lee & Shin, A simple unified
    framework for detecting out-of-distribution samples and adversarial attacks, NeurIPS 2018. limit: the
    distance within which 99 % of the validation photos lie; the training photos themselves lie closer, having
    formed the features.

    means: (k, d). whitening: (d, v), W with W W^T = S^-1, 0 for features that never varied. limit: ().
    """

    means: np.ndarray
    whitening: np.ndarray
    limit: np.ndarray

    @classmethod
    def fit(cls, features: np.ndarray, label: np.ndarray, validation: np.ndarray) -> Self:
        """Learns from features (n, d) of training photos with labels (n,) and of validation photos (m, d)."""
        classes = np.unique(label)
        means = np.stack([features[label == one].mean(axis=0) for one in classes])
        within = features - means[np.searchsorted(classes, label)]
        spread = within.std(axis=0)
        # What never varied tells nothing of how far away another value is.
        varied = spread > CONSTANT
        # Shrinking is towards a multiple of 1, for which features must be of one size.
        covariance = LedoitWolf(assume_centered=True).fit(within[:, varied] / spread[varied]).covariance_
        whitening = np.zeros((len(spread), int(varied.sum())))
        whitening[varied] = np.linalg.cholesky(np.linalg.inv(covariance)) / spread[varied, None]
        domain = cls(means, whitening, np.array(1.0))
        return cls(means, whitening, np.array(np.quantile(domain.outside(validation), WITHIN)))

    def outside(self, features: np.ndarray) -> np.ndarray:
        """How far from the training photos each of features (q, d) lies, 1 at the border, (q,)."""
        difference = (features[:, None] - self.means) @ self.whitening
        return np.sqrt(np.square(difference).sum(axis=2).min(axis=1)) / self.limit

    def widened(self, features: np.ndarray, label: np.ndarray) -> Self:
        """With the means of further photos, features (n, d) and labels (n,), as places that are inside too.

        The limit grows to hold 99 % of those, each measured from the mean of the others of its class.
        """
        further, left_out = [], []
        for one in np.unique(label):
            features_of_class = features[label == one]
            further.append(features_of_class.mean(axis=0))
            if len(features_of_class) > 1:
                left_out.append(
                    (features_of_class - features_of_class.mean(axis=0))
                    * len(features_of_class)
                    / (len(features_of_class) - 1)
                    @ self.whitening
                )
        limit = self.limit
        if left_out:
            distance = np.sqrt(np.square(np.concatenate(left_out)).sum(axis=1))
            limit = np.maximum(limit, np.quantile(distance, WITHIN))
        return type(self)(np.concatenate([self.means, np.stack(further)]), self.whitening, limit)

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        return {"means": self.means, "whitening": self.whitening, "limit": self.limit}

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """The domain again."""
        return cls(**state)
