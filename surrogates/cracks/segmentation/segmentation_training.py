"""Training of one network of the segmenter: augmented crops, averaged weights, the best by the validation photos."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as torch_functions

from fieldwright.data.progress import TrainingProgress
from fieldwright.surrogates.cracks.augmentation import augmented_batch
from fieldwright.surrogates.cracks.half_precision import has_bfloat16
from fieldwright.surrogates.cracks.segmentation.losses import loss_named
from fieldwright.surrogates.cracks.segmentation.segmentation_networks import Standardised
from fieldwright.surrogates.cracks.segmentation.segmentation_scores import Tallies
from fieldwright.surrogates.cracks.segmentation.tiles import answer_in_tiles
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig

WARM_UP = 0.05
SHARES = 1000
"""Parts in which the progress of a training is reported: a limit in seconds knows no number of steps."""
COARSEST_PIXEL = 0.1
"""Share of crack pixels from which a square of a coarser level counts as crack, however thin the crack."""


MOST_CHECKED = 40
"""Validation photos of a check, evenly among all: a hundred of them took a third of eight minutes."""


@dataclass(frozen=True)
class Course:
    """How a training went: steps taken, processor seconds, share of them for the crops, F1 at each check."""

    steps: int
    cpu_seconds: float
    crops_share: float
    checks: tuple[float, ...]


def train_segmentation_network(
    network: Standardised,
    config: CrackUNetConfig,
    photos: Sequence[np.ndarray],
    masks: Sequence[np.ndarray],
    validation: tuple[Sequence[np.ndarray], Sequence[np.ndarray]],
    *,
    seed: int,
    weights: np.ndarray | None = None,
    device: str = "cpu",
    progress: TrainingProgress | None = None,
) -> Course:
    """Trains in place and leaves the averaged weights of the check with the best F1 on the validation photos.

    photos: (h, w, 3) uint8 each. masks: (h, w) bool each. weights: (n,) in (0, 1], the chance that a photo has its
    turn in a round through all of them; None for 1. Batch normalisation keeps running means over the crops and
    uses them from then on, so that an answer depends on no other pixel than those within the network's reach.
    progress: called with the share of the training that is done in steps of a SHARES-th, with loss and F1 of the
    last check.
    """
    rng = np.random.default_rng(seed)
    # A GPU works while the processor waits.
    clock = time.perf_counter if device.startswith("cuda") else time.process_time
    loss_of = loss_named(config.loss)
    network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = copy.deepcopy(network).eval()
    trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(trainable, lr=config.learning_rate, weight_decay=config.weight_decay)
    limit = math.inf if config.cpu_minutes is None else 60.0 * config.cpu_minutes / config.members
    half = has_bfloat16(device) if config.half is None else config.half
    best, best_state, f1s = -1.0, {}, []
    due = [0.5 + 0.5 * (k + 1) / config.checks for k in range(config.checks)]
    start, crops, step, share = clock(), 0.0, 0, 0.0
    order = np.empty(0, dtype=np.int64)
    while share < 1.0:
        before = clock()
        while len(order) < config.batch:
            order = np.concatenate([order, one_round(len(photos), weights, rng)])
        rows, order = order[: config.batch], order[config.batch :]
        x, y = augmented_batch(
            photos, rows, config.crop, config.augmentation, rng, masks=masks, on_crack=config.on_crack
        )
        assert y is not None
        x, y = x.to(device=device, memory_format=torch.channels_last), y.to(device)
        crops += clock() - before
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * _rate(share)
        network.train()
        optimiser.zero_grad()
        with torch.autocast(device.split(":")[0], torch.bfloat16, enabled=half):
            finest, *coarser = network.at_all_levels(x)
        loss = loss_of(finest.float(), y)
        for logits in coarser:
            truth = (
                torch_functions.adaptive_avg_pool2d(y, (logits.shape[-2], logits.shape[-1])) > COARSEST_PIXEL
            )
            loss = loss + config.deep_supervision * loss_of(logits.float(), truth.float())
        loss.backward()
        nn.utils.clip_grad_norm_(trainable, 1.0)
        optimiser.step()
        step += 1
        _average(averaged, network, min(config.averaging, step / (step + 10.0)))
        share = max(step / config.steps, (clock() - start) / limit)
        if share >= due[0]:
            f1s.append(f1_on(averaged, *validation, config, device))
            due = [at for at in due if at > share] or [math.inf]
            if f1s[-1] > best:
                best, best_state = f1s[-1], copy.deepcopy(averaged.state_dict())
            if len(f1s) - 1 - int(np.argmax(f1s)) >= config.patience:
                break
        if progress is not None:
            checked = {"validation_f1": f1s[-1]} if f1s else {}
            progress(round(SHARES * min(share, 1.0)), SHARES, {"loss": loss.item()} | checked)
    network.load_state_dict(best_state)
    network.eval()
    spent = clock() - start
    return Course(step, spent, crops / spent, tuple(f1s))


def one_round(number: int, weights: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """The rows of photos in the order of a round through them, those that have their turn by their weights (n,)."""
    rows = rng.permutation(number)
    return rows if weights is None else rows[rng.random(number) < weights[rows]]


def f1_on(
    network: Standardised,
    photos: Sequence[np.ndarray],
    masks: Sequence[np.ndarray],
    config: CrackUNetConfig,
    device: str = "cpu",
) -> float:
    """The best F1 of one threshold, within the tolerance of the settings, on at most MOST_CHECKED photos."""
    rows = np.unique(np.linspace(0, len(photos) - 1, MOST_CHECKED).astype(int)).tolist()
    tallies = [
        Tallies.of(
            answer_in_tiles([network], photos[row], config.tile, device=device).probability,
            masks[row],
            config.tolerance,
        )
        for row in rows
    ]
    return float(sum(tallies[1:], tallies[0]).f1.max())


def _average(averaged: nn.Module, network: nn.Module, decay: float) -> None:
    """Moves the running mean of the weights, and of what batch normalisation keeps, towards the network's."""
    with torch.no_grad():
        tensors = [one for one in averaged.state_dict().values() if one.is_floating_point()]
        new = [one for one in network.state_dict().values() if one.is_floating_point()]
        for mean, value in zip(tensors, new, strict=True):
            mean.lerp_(value, 1.0 - decay)


def _rate(share: float) -> float:
    """Share of the learning rate after a share of the training: a linear rise, then a cosine to zero."""
    if share < WARM_UP:
        return (share + 1e-3) / WARM_UP
    return 0.5 * (1.0 + math.cos(math.pi * (share - WARM_UP) / (1.0 - WARM_UP)))
