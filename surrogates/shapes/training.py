"""Training of the U-Nets: the squared error over the fluid, mirrored shapes among the others."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

from surrogates.shapes.network import UNet
from surrogates.shapes.settings import UNetConfig

WARM_UP = 0.05
REPORT = 25
"""Steps between two reports of progress."""


def train_members(
    config: UNetConfig,
    channels: np.ndarray,
    targets: np.ndarray,
    fluid: np.ndarray,
    *,
    periodic: tuple[bool, bool],
    mirrors: list[tuple[int, np.ndarray]],
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[UNet]:
    """Networks that take channels (n, k, ny, nx) to targets (n, c, ny, nx), float32, where fluid (n, ny, nx).

    mirrors: axes of the images, -2 or -1, along which the equations allow a mirrored flow, with (c,) signs that the
    components take then; half of all shapes are shown mirrored. The loss is the mean over the shapes of the mean
    squared error over the fluid; cells within the body count nothing.
    """
    inputs, wanted = torch.from_numpy(channels), torch.from_numpy(targets)
    weight = torch.from_numpy(fluid.astype(np.float32))[:, None]
    weight = weight / weight.mean(dim=(2, 3), keepdim=True)
    members = []
    for member in range(config.members):
        generator = torch.Generator().manual_seed(1000 * seed + member)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1000 * seed + member)
            network = UNet(inputs.shape[1], wanted.shape[1], config.widths, periodic)
        optimiser = torch.optim.AdamW(
            network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, config.steps))
        network.train()
        queue = torch.empty(0, dtype=torch.int64)
        for step in range(config.steps):
            while len(queue) < config.batch:
                queue = torch.cat([queue, torch.randperm(len(inputs), generator=generator)])
            rows, queue = queue[: config.batch], queue[config.batch :]
            x, y, w = inputs[rows], wanted[rows], weight[rows]
            for axis, signs in mirrors:
                if float(torch.rand(1, generator=generator)) < 0.5:
                    x, w = x.flip(axis), w.flip(axis)
                    y = y.flip(axis) * torch.from_numpy(signs.astype(np.float32))[:, None, None]
            optimiser.zero_grad()
            loss = ((network(x) - y).square() * w).mean()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            if progress is not None and (step % REPORT == 0 or step == config.steps - 1):
                progress(member * config.steps + step + 1, config.members * config.steps)
        members.append(network.eval())
    return members


def _rate(step: int, steps: int) -> float:
    """Share of the learning rate: a linear rise, then a cosine to zero."""
    rise = max(1.0, WARM_UP * steps)
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1.0 + math.cos(math.pi * (step - rise) / max(1.0, steps - rise)))


def answers(members: list[UNet], channels: np.ndarray, batch: int = 32) -> np.ndarray:
    """Outputs (members, q, c, ny, nx) of every network at channels (q, k, ny, nx)."""
    with torch.inference_mode():
        rows = [
            torch.stack([network(torch.from_numpy(channels[start : start + batch])) for network in members])
            for start in range(0, len(channels), batch)
        ]
        return torch.cat(rows, dim=1).numpy()
