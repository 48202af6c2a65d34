"""Whether a segmenter's own network sees in a photo what it saw in those that it was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch

from fieldwright.surrogates.cracks.photo_domain import CONSTANT, PhotoDomain
from fieldwright.surrogates.cracks.segmentation.segmentation_networks import Standardised
from fieldwright.surrogates.persistence.states import part, prefixed

WITHIN = 0.95
"""Share of photos left out of the domain that lie inside."""
NEAR = 0.85
"""Share of photos left out of the domain that lie inside without a warning."""
FOLDS = 10
FEWEST = 10
"""Photos from which on there is a domain: a limit that 95 % keep says little of fewer."""
SPREADS = 3.0
"""Standard deviations beyond which a feature counts no further: no single one may decide."""
PIECE = 256
"""Side in pixels of the pieces that are looked at: two along an axis at most, however large the photo."""
LEAST = 1e-6
"""Added to variances before their logarithm."""
WARNING = (
    "the photo is far from most training photos: the threshold may not carry over to photos like this one"
)


@dataclass(frozen=True, eq=False)
class EncoderDomain:
    """Features of the encoder as a domain: a photo is inside when its Mahalanobis distance is at most the limit.

    f -> SPREADS tanh((f - centre) slope / SPREADS) makes the features of one size and keeps the wildest from
    deciding alone; `domain` measures the distance of those, with a shrunk covariance. limit: the distance within
    which 95 % of the photos lie, each measured from a domain that nine folds of ten made without it, since a photo
    lies closer to a covariance that it has formed. near: the same of 85 %, as a share of the limit.

    centre, slope: (d,), slope 0 for a feature that never varied. near: ().
    """

    centre: np.ndarray
    slope: np.ndarray
    domain: PhotoDomain
    near: np.ndarray

    @classmethod
    def fit(cls, features: np.ndarray, seed: int) -> Self | None:
        """Learns from features (n, d) of training and validation photos; None of fewer than ten.

        seed: of the folds.
        """
        if len(features) < FEWEST:
            return None
        fold = np.random.default_rng(seed).permutation(len(features)) % FOLDS
        left_out = np.empty(len(features))
        for k in range(FOLDS):
            left_out[fold == k] = cls._around(features[fold != k])._distance(features[fold == k])
        near, limit = np.quantile(left_out, [NEAR, WITHIN])
        around = cls._around(features)
        return replace(around, domain=replace(around.domain, limit=limit), near=near / limit)

    @classmethod
    def _around(cls, features: np.ndarray) -> Self:
        """With the limit 1."""
        spread = features.std(axis=0)
        slope = np.where(spread > CONSTANT, 1.0 / np.maximum(spread, CONSTANT), 0.0)
        centre = features.mean(axis=0)
        squashed = _squashed(features, centre, slope)
        domain = PhotoDomain.fit(squashed, np.zeros(len(squashed)), squashed)
        return cls(centre, slope, replace(domain, limit=np.array(1.0)), np.array(1.0))

    def outside(self, features: np.ndarray) -> float:
        """How far from the training photos the features (d,) of a photo lie, 1 at the border."""
        return float(self._distance(features[None])[0])

    def _distance(self, features: np.ndarray) -> np.ndarray:
        return self.domain.outside(_squashed(features, self.centre, self.slope))

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        arrays = {"centre": self.centre, "slope": self.slope, "near": self.near}
        return arrays | prefixed("domain.", self.domain.state())

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """The domain again."""
        return cls(
            state["centre"], state["slope"], PhotoDomain.restore(part(state, "domain.")), state["near"]
        )


def encoder_features(network: Standardised, photo: np.ndarray, device: str = "cpu") -> np.ndarray:
    """Mean and log variance (d,) over the place of every map of the encoder, from its finest level to its coarsest.

    photo: (h, w, 3) uint8, of which pieces are looked at that stand evenly.
    """
    moments = []
    with torch.inference_mode():
        for piece in _pieces(photo, network.multiple):
            x = torch.from_numpy(piece).to(device).permute(2, 0, 1)[None].float() / 255.0
            x = x.contiguous(memory_format=torch.channels_last)
            moments.append(torch.cat([_moments(maps[0]) for maps in network.encoded(x)]).cpu().numpy())
    return np.stack(moments).astype(np.float64).mean(axis=0)


def _squashed(features: np.ndarray, centre: np.ndarray, slope: np.ndarray) -> np.ndarray:
    return SPREADS * np.tanh((features - centre) * slope / SPREADS)


def _moments(maps: torch.Tensor) -> torch.Tensor:
    """Of maps (c, y, x): (2 c,)."""
    variance, mean = torch.var_mean(maps, dim=(1, 2), correction=0)
    return torch.cat([mean, torch.log(variance + LEAST)])


def _pieces(photo: np.ndarray, multiple: int) -> Iterator[np.ndarray]:
    """One or two pieces along each axis, evenly placed, their sides multiples of `multiple`."""
    for top, height in _spans(photo.shape[0], multiple):
        for first_column, width in _spans(photo.shape[1], multiple):
            piece = photo[top : top + height, first_column : first_column + width]
            short = ((0, -piece.shape[0] % multiple), (0, -piece.shape[1] % multiple), (0, 0))
            yield np.pad(piece, short, mode="edge")


def _spans(extent: int, multiple: int) -> list[tuple[int, int]]:
    """First pixel and number of pixels."""
    if extent < 2 * PIECE:
        side = max(min(extent, PIECE) // multiple * multiple, min(extent, multiple))
        return [((extent - side) // 2, side)]
    return [(round(extent * k / 4) - PIECE // 2, PIECE) for k in (1, 3)]
