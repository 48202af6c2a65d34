"""Where the pixels of one photo lie in another photo of the same place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.ndimage import shift
from skimage.color import rgb2gray
from skimage.feature import ORB, match_descriptors
from skimage.measure import ransac
from skimage.registration import phase_cross_correlation
from skimage.transform import AffineTransform, ProjectiveTransform, resize

from fieldwright.data.errors import QueryError

LONGEST = 1000
"""px: larger photos are reduced to this side for matching."""
KEYPOINTS = 1200
LEAST_MATCHES = 25
LEAST_SHARE = 0.2
"""Of the matches that must agree on one map."""
MOST_OFF = 2.5
"""px of the reduced photo: a match further off does not agree."""
LEAST_CORRELATION = 0.5
"""Of the grey values after a mere shift."""


@dataclass(frozen=True)
class Registration:
    """The map from the first photo to the second.

    matrix: (3, 3), takes (x, y, 1) of the first to the second photo, px.
    matches: that agree, 0 where a shift was found by correlation. share: of all matches, or the correlation.
    off: root mean square distance of the agreeing matches, px of the first photo; for a shift, of the reduced photo.
    """

    matrix: np.ndarray
    matches: int
    share: float
    off: float

    def aligned(self, after: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """The second photo (h, w, 3) uint8 as it lies in the first, of this shape; black where it shows nothing."""
        # Pillow counts from the corner of a pixel, the matrix from its centre.
        corner = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
        matrix = corner @ self.matrix @ np.linalg.inv(corner)
        size, coefficients = (shape[1], shape[0]), (matrix / matrix[2, 2]).ravel()[:8].tolist()
        picture = Image.fromarray(after).transform(
            size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR
        )
        return np.asarray(picture)


def register(before: np.ndarray, after: np.ndarray, *, seed: int = 0) -> Registration:
    """Map between two photos (h, w, 3) uint8 of one place: ORB features and RANSAC, an affine map or a homography.

    Where too few features agree, a mere shift by phase correlation, if the grey values correlate by 0.5 after it.
    Raises QueryError where the photos have too little in common.
    Source: Rublee, Rabaud, Konolige & Bradski, ICCV 2011 (ORB); Fischler & Bolles, Comm. ACM 24, 1981 (RANSAC).
    """
    (first, shrink_first), (second, shrink_second) = _reduced(before), _reduced(after)
    registration = _by_features(first, second, seed)
    if isinstance(registration, str):
        shifted = _by_shift(first, second)
        if shifted is None:
            raise QueryError(
                "Two photos must show the same place to be compared",
                f"{registration}, and no shift after which they look alike",
                "Take the second photo from nearly the same place and in similar light",
            )
        registration = shifted
    to_first, to_second = (
        np.diag([1 / shrink_first, 1 / shrink_first, 1.0]),
        np.diag([shrink_second, shrink_second, 1]),
    )
    matrix = to_second @ registration.matrix @ to_first
    return Registration(
        matrix / matrix[2, 2], registration.matches, registration.share, registration.off * shrink_first
    )


def _by_features(first: np.ndarray, second: np.ndarray, seed: int) -> Registration | str:
    """Map between grey photos, or why there is none."""
    one, other = _features(first), _features(second)
    if one is None or other is None:
        return "a photo without features"
    pairs = match_descriptors(one[1], other[1], cross_check=True, max_ratio=0.9)
    if len(pairs) < LEAST_MATCHES:
        return f"{len(pairs)} features in common"
    source, target = one[0][pairs[:, 0], ::-1], other[0][pairs[:, 1], ::-1]
    model, agree = _agreed(source, target, seed)
    matches = int(agree.sum())
    if matches < max(LEAST_MATCHES, LEAST_SHARE * len(pairs)):
        return f"{matches} of {len(pairs)} features that agree on one map"
    off = float(np.sqrt(np.mean(model.residuals(source[agree], target[agree]) ** 2)))
    return Registration(np.asarray(model.params), matches, matches / len(pairs), off)


def _by_shift(first: np.ndarray, second: np.ndarray) -> Registration | None:
    """Shift between grey photos of one size, None where they do not correlate after it."""
    if first.shape != second.shape:
        return None
    move = phase_cross_correlation(first, second, upsample_factor=10)[0]
    dy, dx = -np.asarray(move)  # a place of the first lies there in the second
    laid = np.asarray(shift(second, (-dy, -dx), order=1, cval=np.nan))
    both = np.isfinite(laid)
    if both.mean() < LEAST_SHARE:
        return None
    correlation = float(np.corrcoef(first[both], laid[both])[0, 1])
    if not correlation >= LEAST_CORRELATION:
        return None
    return Registration(np.array([[1.0, 0.0, dx], [0.0, 1.0, dy], [0.0, 0.0, 1.0]]), 0, correlation, 1.0)


def _agreed(source: np.ndarray, target: np.ndarray, seed: int) -> tuple[ProjectiveTransform, np.ndarray]:
    """The homography on which most matches agree; an affine map where that one holds for as many."""
    best, by_best = AffineTransform(), np.zeros(len(source), dtype=bool)
    for kind, least in ((AffineTransform, 3), (ProjectiveTransform, 4)):
        rng = np.random.default_rng(seed)
        model, agree = ransac((source, target), kind, least, MOST_OFF, max_trials=1500, rng=rng)
        if (
            isinstance(model, ProjectiveTransform)
            and agree is not None
            and np.sum(agree) > 1.1 * by_best.sum()
        ):
            best, by_best = model, np.asarray(agree, dtype=bool)
    return best, by_best


def _reduced(photo: np.ndarray) -> tuple[np.ndarray, float]:
    """Grey photo of at most LONGEST px a side, and how many pixels of the photo one of its pixels is."""
    shrink = max(max(photo.shape[:2]) / LONGEST, 1.0)
    grey = np.asarray(rgb2gray(photo), dtype=np.float32)
    if shrink > 1.0:
        shape = tuple(round(n / shrink) for n in grey.shape)
        grey = np.asarray(resize(grey, shape, anti_aliasing=True))
    return grey, float(shrink)


def _features(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Places (n, 2) rows and columns, and descriptors (n, 256) bool; None for a photo without a corner."""
    finder = ORB(n_keypoints=KEYPOINTS, fast_threshold=0.04)
    try:
        finder.detect_and_extract(grey)
    except RuntimeError:
        return None
    return np.asarray(finder.keypoints), np.asarray(finder.descriptors)
