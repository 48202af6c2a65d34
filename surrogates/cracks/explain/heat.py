"""Heat maps of a photo by any of the methods, and the free mask that they make."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import expit
from skimage.filters import threshold_otsu
from torch.nn import functional as torch_functions

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.cracks.classification.cnn_answers import as_batch
from fieldwright.surrogates.cracks.classification.cnn_network import PhotoNetwork
from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier
from fieldwright.surrogates.cracks.classification.patches import boxes, patch_image
from fieldwright.surrogates.cracks.explain.class_activation import grad_cam, score_cam
from fieldwright.surrogates.cracks.explain.pixel_gradients import saliency, smoothgrad
from fieldwright.surrogates.cracks.photo_check import checked_photo

METHODS = ("saliency", "smoothgrad", "grad_cam", "score_cam")
CHUNK = 8


def heat(classifier: CrackClassifier, photo: np.ndarray, method: str, *, seed: int = 0) -> np.ndarray:
    """Where a crack is seen: float32 (h, w) in [0, 1], 1 at the place that counts most, of a photo (h, w, 3)
    uint8.

    The mean over the networks. Patches of a large photo count by their probability of a crack, and where they overlap
    the mean counts. All 0 where nothing speaks for a crack. method: one of METHODS. seed: of SmoothGrad's noise.
    Raises QueryError for another method and for what is no photo.
    """
    if method not in METHODS:
        raise QueryError(
            f"The method must be one of {', '.join(METHODS)}", f"'{method}'", "Ask for one of these"
        )
    photo = checked_photo(photo)
    places = boxes(photo.shape, classifier.description.patch)
    total, count = np.zeros(photo.shape[:2]), np.zeros(photo.shape[:2])
    for start in range(0, len(places), CHUNK):
        some = places[start : start + CHUNK]
        x = as_batch(
            [patch_image(photo, box, classifier.description.size) for box in some], classifier.device
        )
        heat_of_patches = torch.stack(
            [_by(method, network, x, seed) for network in classifier.networks]
        ).mean(dim=0)
        with torch.inference_mode():
            logit = torch.stack([network(x) for network in classifier.networks]).mean(dim=0).cpu().numpy()
        weight = expit(classifier.temperature.calibrated(logit))
        for (row, column, rows, columns), one, share in zip(
            some, heat_of_patches.detach(), weight, strict=True
        ):
            fitted = torch_functions.interpolate(
                one[None, None], size=(rows, columns), mode="bilinear", antialias=True, align_corners=False
            )
            total[row : row + rows, column : column + columns] += share * fitted[0, 0].cpu().numpy()
            count[row : row + rows, column : column + columns] += 1.0
    mean = np.maximum(total / count, 0.0)
    return (mean / max(float(mean.max()), np.finfo(np.float64).tiny)).astype(np.float32)


def free_mask(heat: np.ndarray) -> np.ndarray:
    """Return bool (h, w): the heat above the threshold that parts it best in two, which no label has helped to
    choose.

    Source: Otsu, A threshold selection method from gray-level histograms, IEEE Trans. SMC 9, 1979.
    """
    return heat > threshold_otsu(heat)


def _by(method: str, network: PhotoNetwork, x: torch.Tensor, seed: int) -> torch.Tensor:
    """Heat (q, size, size), not below 0, of one network."""
    if method == "saliency":
        return saliency(network, x.clone())
    if method == "smoothgrad":
        return smoothgrad(network, x.clone(), seed)
    return grad_cam(network, x) if method == "grad_cam" else score_cam(network, x)
