"""What makes raw answers of networks calibrated ones: temperature, threshold, spread between photos, scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import logit

from fieldwright.surrogates.cracks.classification.classification_metrics import calibration_error
from fieldwright.surrogates.cracks.segmentation.segmentation_scores import THRESHOLDS, Tallies, scores
from fieldwright.surrogates.cracks.segmentation.spread_between_photos import spread_between_photos
from fieldwright.surrogates.cracks.temperature import Temperature

CALIBRATION_PIXELS = 20_000
"""Of each validation photo, drawn evenly, that the temperature is found by."""
EXTREME = 1e-6
"""Probabilities closer to 0 or 1 count as this close when turned to log-odds."""


@dataclass(frozen=True, eq=False)
class MaskCalibration:
    """temperature: of the log-odds. threshold: of the best F1, of calibrated probabilities."""

    temperature: Temperature
    threshold: float

    @classmethod
    def fit(cls, raw: Sequence[np.ndarray], truths: Sequence[np.ndarray], tolerance: int, seed: int) -> Self:
        """Learns from raw probabilities (h, w) and masks (h, w) bool of photos that the networks have not seen.

        tolerance: in pixels, of the F1 that the threshold is chosen by. seed: of the pixels that are drawn.
        """
        temperature = _temperature(raw, truths, seed)
        pooled = [
            Tallies.of(_calibrated(p, temperature), mask, tolerance)
            for p, mask in zip(raw, truths, strict=True)
        ]
        return cls(temperature, float(THRESHOLDS[int(sum(pooled[1:], pooled[0]).f1.argmax())]))

    def calibrated(self, raw: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The calibrated probabilities (h, w) float32."""
        return [_calibrated(p, self.temperature) for p in raw]

    def measured(
        self, raw: Sequence[np.ndarray], truths: Sequence[np.ndarray]
    ) -> tuple[np.ndarray, dict[str, float]]:
        """What `spread_between_photos` gives, (256,), and the scores that a description holds."""
        calibrated = self.calibrated(raw)
        evaluation = scores(calibrated, truths, self.threshold)
        pixels = (
            np.concatenate([mask.ravel() for mask in truths]),
            np.concatenate([p.ravel() for p in calibrated]),
        )
        return spread_between_photos(calibrated, truths), {
            "f1": evaluation.f1[0],
            "f1_2px": evaluation.f1[2],
            "f1_5px": evaluation.f1[5],
            "iou": evaluation.iou,
            "mean_iou": evaluation.mean_iou,
            "ods": evaluation.ods[0],
            "ois": evaluation.ois[0],
            "ece": calibration_error(*pixels),
        }


def _temperature(raw: Sequence[np.ndarray], truths: Sequence[np.ndarray], seed: int) -> Temperature:
    """From evenly drawn pixels of each photo."""
    rng = np.random.default_rng(seed)
    odds, labels = [], []
    for p, mask in zip(raw, truths, strict=True):
        rows = rng.choice(p.size, size=min(CALIBRATION_PIXELS, p.size), replace=False)
        odds.append(logit(np.clip(p.ravel()[rows].astype(float), EXTREME, 1.0 - EXTREME)))
        labels.append(mask.ravel()[rows])
    return Temperature.fit(np.concatenate(odds), np.concatenate(labels))


def _calibrated(p: np.ndarray, temperature: Temperature) -> np.ndarray:
    odds = logit(np.clip(p, EXTREME, 1.0 - EXTREME, dtype=np.float32))
    slope, bias = np.float32(1.0 / temperature.temperature), np.float32(temperature.bias)
    return 1.0 / (1.0 + np.exp(-(odds * slope + bias)))
