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


def train(
    model: nn.Module,
    features: Tensor,
    loss: Callable[[Tensor, torch.Generator], Tensor],
    judge: Callable[[Tensor], Tensor],
    schedule: Schedule,
    seed: int,
) -> float:
    """Lowers loss(batch, generator) on features (n, F); keeps the weights of least judge(rows held out).

    A sixth of the rows, one at least where there are four, is held out to evaluate by: with few runs a network
    learns them by heart. Returns the least judge. What the model answered untrained can thus only be bettered there.
    """
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(features), generator=generator)
    aside = max(1, len(features) // 6) if len(features) >= 4 else 0
    judged = features[order[:aside]] if aside else features
    seen = features[order[aside:]]
    optimizer = torch.optim.Adam(model.parameters(), lr=schedule.rate)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, schedule.epochs, schedule.rate / 100)
    best, best_epoch = float("inf"), 0
    kept: dict[str, Tensor] = {}
    for epoch in range(schedule.epochs + 1):
        with torch.no_grad():
            now = float(judge(judged))
        if now < best:
            best, best_epoch = now, epoch
            kept = {name: value.clone() for name, value in model.state_dict().items()}
        if epoch - best_epoch > schedule.patience or epoch == schedule.epochs:
            break
        for rows in torch.randperm(len(seen), generator=generator).split(schedule.batch):
            optimizer.zero_grad()
            loss(seen[rows], generator).backward()
            optimizer.step()
        falling.step()
    model.load_state_dict(kept)
    log.info("trained for %d epochs, best %.3e in epoch %d", epoch, best, best_epoch)
    return best
