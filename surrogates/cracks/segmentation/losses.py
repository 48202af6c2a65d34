"""Losses of a segmentation by name, and their sums: "bce", "focal", "dice", "iou", "bce+dice"."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional as torch_functions

from fieldwright.data.errors import StudyError

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

FOCUS = 2.0
"""Exponent of the focal loss, the value of its authors."""


def bce(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Mean over the pixels of -log p of what is there."""
    return torch_functions.binary_cross_entropy_with_logits(logits, truth)


def focal(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Mean of -(1 - p)^2 log p of what is there: pixels that are surely right count little.

    Source: Lin, Goyal, Girshick, He & Dollar, Focal loss for dense object detection, ICCV 2017.
    """
    surprise = torch_functions.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    return ((1.0 - torch.exp(-surprise)) ** FOCUS * surprise).mean()


def dice(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """1 - 2 sum(p t) / (sum(p) + sum(t)) over the pixels of the whole batch.

    Source: Milletari, Navab & Ahmadi, V-Net, 3DV 2016, there with squares in the denominator.
    """
    both, either = _areas(logits, truth)
    return 1.0 - 2.0 * both / either


def iou(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """1 - sum(p t) / (sum(p) + sum(t) - sum(p t)) over the pixels of the whole batch.

    Source: Rahman & Wang, Optimizing intersection-over-union in deep neural networks, ISVC 2016.
    """
    both, either = _areas(logits, truth)
    return 1.0 - both / (either - both)


LOSSES: dict[str, Loss] = {"bce": bce, "focal": focal, "dice": dice, "iou": iou}


def loss_named(name: str) -> Loss:
    """The sum of the losses that the name joins by "+"; raises StudyError for a name that is none.

    Each takes logits (n, 1, h, w) and truth of the same shape in [0, 1] to a number.
    """
    parts = [part.strip() for part in name.split("+")]
    if not set(parts) <= LOSSES.keys() or len(set(parts)) < len(parts):
        raise StudyError(
            f"A loss must be one of {', '.join(LOSSES)}, or several of them joined by '+', each once",
            f"'{name}'",
            "Write for example 'bce+dice'",
        )
    losses = [LOSSES[part] for part in parts]
    return lambda logits, truth: torch.stack([loss(logits, truth) for loss in losses]).sum()


def _areas(logits: torch.Tensor, truth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """sum(p t) and sum(p) + sum(t); one pixel more in both keeps a batch without cracks finite."""
    probability = torch.sigmoid(logits)
    both = (probability * truth).sum() + 1.0
    return both, probability.sum() + truth.sum() + 2.0
