"""Candidates for a stronger segmenter at the same cost: what differs from the reference recipe of an encoder.

Losses and orders of photos that have not earned a place in the product are here; they reach its training by the
names of losses and by the weights of photos, which it takes anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.nn import functional as torch_functions

from fieldwright.surrogates.cracks.segmentation.losses import LOSSES
from fieldwright.surrogates.cracks.segmentation.segmentation_scores import THRESHOLDS, Tallies

NEAR = 2
"""Pixels from the mask's edge that count as near it."""
MORE = 3.0
"""How much more a pixel near the edge counts."""
LEAST_TURN = 0.25
"""Chance that the photo of the least running loss has its turn in a round."""
MEMORY = 0.7
"""Decay of a photo's running loss."""


@dataclass(frozen=True)
class Recipe:
    """drawn: surfaces beside the real photos. loss: by name. hard: photos of greater running loss more often.

    views: turned and mirrored views of a photo whose mean log-odds is its answer. forgone: what F1 of the validation
    photos is given for the least threshold, since on other surfaces the same cracks have lower probabilities.
    trained_as: another recipe that trains the same network, so that it is trained once.
    """

    drawn: int = 200
    loss: str = "bce+dice"
    hard: bool = False
    views: int = 1
    forgone: float = 0.0
    trained_as: str | None = None


RECIPES = {
    "reference": Recipe(),
    "drawn400": Recipe(drawn=400),
    "edge": Recipe(loss="bce_edge+dice"),
    "dice_2px": Recipe(loss="bce+dice_2px"),
    "hard": Recipe(hard=True),
    "views4": Recipe(views=4, trained_as="reference"),
    "least_threshold": Recipe(forgone=0.01, trained_as="reference"),
}


def least_threshold(
    probabilities: Sequence[np.ndarray], masks: Sequence[np.ndarray], forgone: float
) -> float:
    """The least of THRESHOLDS whose F1 of all pixels together is within so much of the best."""
    tallies = [Tallies.of(p, mask, 0) for p, mask in zip(probabilities, masks, strict=True)]
    f1 = sum(tallies[1:], tallies[0]).f1
    return float(THRESHOLDS[np.flatnonzero(f1 >= f1.max() - forgone)[0]])


def bce_edge(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Cross-entropy in which pixels within NEAR of the mask's edge count more; the weights have the mean 1."""
    near = _widened(truth) * _widened(1.0 - truth)
    weight = 1.0 + MORE * near
    return torch_functions.binary_cross_entropy_with_logits(logits, truth, weight / weight.mean())


def dice_2px(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """1 - F1 within NEAR pixels: precision against the widened truth, recall by the widened probability."""
    p = torch.sigmoid(logits)
    precision = ((p * _widened(truth)).sum() + 1.0) / (p.sum() + 1.0)
    recall = ((truth * _widened(p)).sum() + 1.0) / (truth.sum() + 1.0)
    return 1.0 - 2.0 * precision * recall / (precision + recall)


@dataclass
class HardPhotos(Sequence[np.ndarray]):
    """Photos that know which of them were looked at last, and whose weights follow their running losses.

    weights: (n,) the chance of each to have its turn, changed in place by `note`.
    """

    photos: Sequence[np.ndarray]
    weights: np.ndarray = field(init=False)
    _running: np.ndarray = field(init=False)
    _seen: list[int] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.weights = np.ones(len(self.photos))
        self._running = np.full(len(self.photos), np.nan)

    def __len__(self) -> int:
        return len(self.photos)

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self.photos)

    def __getitem__(self, row):
        if not self._seen or self._seen[-1] != row:
            self._seen.append(row)
        return self.photos[row]

    def note(self, logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        """A loss of 0 that moves the running losses of the photos of the crops, and with them the weights."""
        with torch.no_grad():
            losses = torch_functions.binary_cross_entropy_with_logits(logits, truth, reduction="none")
        # Two crops of one photo after the other look like one: then losses cannot be assigned to photos.
        if len(self._seen) == len(logits):
            for row, loss in zip(self._seen, losses.mean(dim=(1, 2, 3)).tolist(), strict=True):
                before = self._running[row]
                self._running[row] = loss if np.isnan(before) else MEMORY * before + (1.0 - MEMORY) * loss
            known = ~np.isnan(self._running)
            ranks = self._running[known].argsort().argsort() / max(int(known.sum()) - 1, 1)
            self.weights[known] = LEAST_TURN + (1.0 - LEAST_TURN) * ranks
        self._seen.clear()
        return logits.new_zeros(())


def _widened(map_: torch.Tensor) -> torch.Tensor:
    """The greatest value within NEAR rows and columns."""
    return torch_functions.max_pool2d(map_, 2 * NEAR + 1, stride=1, padding=NEAR)


LOSSES.update({"bce_edge": bce_edge, "dice_2px": dice_2px})
