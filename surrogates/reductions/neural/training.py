"""Training of a reduction's network: Adam, a falling rate, and the weights that were best on runs held out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Schedule:
    """epochs at most, stopped after `patience` without gain; rate of Adam, falling as a cosine; rows of a batch."""

    epochs: int
    patience: int
    rate: float
    batch: int


def train_autoencoder(
    model: nn.Module,
    features: Tensor,
    loss: Callable[[Tensor, torch.Generator], Tensor],
    validation_loss: Callable[[Tensor], Tensor],
    schedule: Schedule,
    seed: int,
) -> float:
    """Minimise loss(batch, generator) on features (n, F) and keep the weights of least validation loss.

    A sixth of the rows, one at least where there are four, is held out for validation, since a network overfits few
    runs. The untrained weights count too, so that training never raises the validation loss. Returns the least one.
    """
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(features), generator=generator)
    n_validation = max(1, len(features) // 6) if len(features) >= 4 else 0
    validation = features[order[:n_validation]] if n_validation else features
    training = features[order[n_validation:]]
    optimizer = torch.optim.Adam(model.parameters(), lr=schedule.rate)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, schedule.epochs, schedule.rate / 100)
    best, best_epoch = float("inf"), 0
    best_weights: dict[str, Tensor] = {}
    for epoch in range(schedule.epochs + 1):
        with torch.no_grad():
            now = float(validation_loss(validation))
        if now < best:
            best, best_epoch = now, epoch
            best_weights = {name: value.clone() for name, value in model.state_dict().items()}
        if epoch - best_epoch > schedule.patience or epoch == schedule.epochs:
            break
        for rows in torch.randperm(len(training), generator=generator).split(schedule.batch):
            optimizer.zero_grad()
            loss(training[rows], generator).backward()
            optimizer.step()
        falling.step()
    model.load_state_dict(best_weights)
    log.info("trained for %d epochs, best %.3e in epoch %d", epoch, best, best_epoch)
    return best
