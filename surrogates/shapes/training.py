"""Training of the U-Nets: the squared error over the fluid, mirrored shapes among the others."""

from __future__ import annotations

import math

import numpy as np
import torch

from fieldwright.data.progress import TrainingProgress
from fieldwright.surrogates.shapes.network import UNets
from fieldwright.surrogates.shapes.settings import UNetConfig

WARM_UP = 0.05
REPORT = 25
"""Steps between two reports of progress."""


def train_unets(
    config: UNetConfig,
    channels: np.ndarray,
    targets: np.ndarray,
    fluid: np.ndarray,
    *,
    periodic: tuple[bool, bool],
    mirrors: list[tuple[int, np.ndarray]],
    seed: int,
    progress: TrainingProgress | None = None,
) -> UNets:
    """Networks that take channels (n, k, ny, nx) to targets (n, c, ny, nx), float32, where fluid (n, ny, nx).

    mirrors: axes of the images, -2 or -1, along which the equations allow a mirrored flow, with (c,) signs that the
    components take then; half of all shapes are mirrored. The loss is the mean over the shapes of the mean squared
    error over the fluid; cells within the body do not count. Members share no weight: each is trained as if alone, on
    its own batches.
    """
    inputs, outputs = torch.from_numpy(channels), torch.from_numpy(targets)
    weight = torch.from_numpy(fluid.astype(np.float32))[:, None]
    weight = weight / weight.mean(dim=(2, 3), keepdim=True)
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        networks = UNets(config.members, inputs.shape[1], outputs.shape[1], config.widths, periodic)
    optimiser = torch.optim.AdamW(
        networks.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, config.steps))
    networks.train()
    queues = [torch.empty(0, dtype=torch.int64) for _ in range(config.members)]
    for step in range(config.steps):
        for member, queue in enumerate(queues):
            while len(queue) < config.batch:
                queue = torch.cat([queue, torch.randperm(len(inputs), generator=generator)])
            queues[member] = queue
        rows = torch.stack([queue[: config.batch] for queue in queues], dim=1)
        queues = [queue[config.batch :] for queue in queues]
        x, y, w = inputs[rows], outputs[rows], weight[rows]
        for axis, signs in mirrors:
            turned = torch.rand(rows.shape, generator=generator)[..., None, None, None] < 0.5
            sign = torch.from_numpy(signs.astype(np.float32))[:, None, None]
            x, w = torch.where(turned, x.flip(axis), x), torch.where(turned, w.flip(axis), w)
            y = torch.where(turned, y.flip(axis) * sign, y)
        optimiser.zero_grad()
        loss = ((networks(x) - y).square() * w).mean() * config.members
        loss.backward()
        torch.nn.utils.clip_grad_norm_(networks.parameters(), float(config.members))
        optimiser.step()
        schedule.step()
        if progress is not None and (step % REPORT == 0 or step == config.steps - 1):
            progress(step + 1, config.steps, {"loss": loss.item()})
    return networks.eval()


def _rate(step: int, steps: int) -> float:
    """Share of the learning rate: a linear rise, then a cosine to zero."""
    rise = max(1.0, WARM_UP * steps)
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1.0 + math.cos(math.pi * (step - rise) / max(1.0, steps - rise)))


def network_outputs(networks: UNets, channels: np.ndarray, batch: int = 8) -> np.ndarray:
    """Outputs (members, q, c, ny, nx) of every network at channels (q, k, ny, nx)."""
    device = next(networks.parameters()).device
    with torch.inference_mode():
        rows = []
        for start in range(0, len(channels), batch):
            x = torch.from_numpy(channels[start : start + batch]).to(device)[:, None]
            rows.append(networks(x.expand(-1, networks.members, -1, -1, -1)))
        return torch.cat(rows).transpose(0, 1).cpu().numpy()
