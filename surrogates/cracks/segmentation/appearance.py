"""Whether a photo looks like those that a segmenter was trained on: light, contrast, colour and grain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from fieldwright.surrogates.cracks.photo_domain import WITHIN, PhotoDomain
from fieldwright.surrogates.persistence.states import part, prefixed

TRAITS = (
    "mean brightness",
    "contrast",
    "red less blue",
    "green less the others",
    "fine grain",
    "coarse contrast",
)
"""By what photos are distinguished, each as a share of white; the contrasts and the grain as logarithms."""

PATCH = 32
"""Side in pixels of the patches whose means make the coarse contrast."""
SAMPLES = 512
"""Rows and columns that are looked at, at most, in bands that stand evenly over a large photo."""
LEAST = 1e-3
MOST_LEFT_OUT = 100
"""Photos that are left out one at a time to see how far a new one lies from the others."""


@dataclass(frozen=True, eq=False)
class Appearance:
    """The traits of the training photos as a domain, with their ranges (d,) for telling what is unlike them."""

    domain: PhotoDomain
    minimum: np.ndarray
    maximum: np.ndarray

    @classmethod
    def fit(cls, photos: Sequence[np.ndarray]) -> Self:
        """Learns from photos (h, w, 3) uint8 each, at least three of them."""
        traits_of_photos = np.stack([traits(photo) for photo in photos])
        domain = PhotoDomain.fit(traits_of_photos, np.zeros(len(traits_of_photos)), traits_of_photos)
        # So few photos lie closer to a mean that they have formed than a new one would.
        left_out_photos = np.unique(np.linspace(0, len(traits_of_photos) - 1, MOST_LEFT_OUT).astype(int))
        remaining = [np.delete(traits_of_photos, i, axis=0) for i in left_out_photos]
        left_out = [
            PhotoDomain.fit(others, np.zeros(len(others)), traits_of_photos[i : i + 1]).limit
            for i, others in zip(left_out_photos, remaining, strict=True)
        ]
        limit = np.maximum(domain.limit, np.quantile(left_out, WITHIN))
        return cls(replace(domain, limit=limit), traits_of_photos.min(axis=0), traits_of_photos.max(axis=0))

    def outside(self, photo: np.ndarray) -> tuple[float, str | None]:
        """How far outside a photo lies, 1 at the border, and one sentence why, None where it lies inside."""
        traits_of_photo = traits(photo)
        distance = float(self.domain.outside(traits_of_photo[None])[0])
        if distance <= 1.0:
            return distance, None
        width = np.maximum(self.maximum - self.minimum, LEAST)
        beyond = np.maximum(self.minimum - traits_of_photo, traits_of_photo - self.maximum) / width
        j = int(beyond.argmax())
        if beyond[j] > 0.0:
            range_ = f"{self.minimum[j]:.2g} to {self.maximum[j]:.2g}"
            return (
                distance,
                f"the photo's {TRAITS[j]} is {traits_of_photo[j]:.2g}, that of the training photos {range_}",
            )
        return distance, "no training photo has such light, contrast, colour and grain together"

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        ranges = {"minimum": self.minimum, "maximum": self.maximum}
        return ranges | prefixed("domain.", self.domain.state())

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """The appearance again."""
        return cls(PhotoDomain.restore(part(state, "domain.")), state["minimum"], state["maximum"])


def traits(photo: np.ndarray) -> np.ndarray:
    """The TRAITS (d,) of a photo (h, w, 3) uint8."""
    rows, columns = (_bands(extent) for extent in photo.shape[:2])
    sample = photo[np.ix_(rows, columns)].astype(np.float32) / 255.0
    red, green, blue = sample.mean(axis=(0, 1)).tolist()
    grey = sample.mean(axis=2)
    # Within a band neighbours are neighbours in the photo; the few steps between bands do not move the median.
    grain = float(np.median(np.abs(np.diff(grey, axis=1)))) + float(np.median(np.abs(np.diff(grey, axis=0))))
    high, wide = (max(1, extent // PATCH) for extent in grey.shape)
    side = (grey.shape[0] // high, grey.shape[1] // wide)
    patches = grey[: high * side[0], : wide * side[1]].reshape(high, side[0], wide, side[1]).mean(axis=(1, 3))
    logs = np.log([max(float(value), LEAST) for value in (grey.std(), grain, patches.std())])
    return np.array([grey.mean(), logs[0], red - blue, green - 0.5 * (red + blue), logs[1], logs[2]])


def _bands(extent: int) -> np.ndarray:
    """At most SAMPLES places along an axis, in bands of PATCH neighbours."""
    if extent <= SAMPLES:
        return np.arange(extent)
    starts = np.linspace(0, extent - PATCH, SAMPLES // PATCH).astype(int)
    return (starts[:, None] + np.arange(PATCH)).ravel()
