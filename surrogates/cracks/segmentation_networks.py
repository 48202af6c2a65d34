"""The network that the settings of a segmenter ask for."""

from __future__ import annotations

from typing import Protocol, cast

import numpy as np
import torch
from torch import nn

from surrogates.cracks.residual_unet import ResidualUNet
from surrogates.cracks.separable_unet import SeparableUNet
from surrogates.cracks.unet_settings import CrackUNetConfig


class Outliner(Protocol):
    """Logits (n, 1, h, w) from photos (n, 3, h, w), h and w multiples of `multiple`.

    reach: no logit depends on a pixel further away than so many rows or columns.
    """

    multiple: int
    reach: int

    def __call__(self, x: torch.Tensor) -> torch.Tensor: ...


class Standardised(nn.Module):
    """A network that is given (photo - mean) / std, colour by colour, with fixed mean and std."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.zeros(3, 1, 1))
        self.register_buffer("std", torch.ones(3, 1, 1))

    def standardise(self, mean: np.ndarray, std: np.ndarray) -> None:
        """Sets the mean and standard deviation (3,) of the colours in [0, 1]."""
        self.mean.copy_(torch.from_numpy(mean).view(3, 1, 1))
        self.std.copy_(torch.from_numpy(np.maximum(std, 1e-3)).view(3, 1, 1))

    @property
    def multiple(self) -> int:
        return cast(Outliner, self.network).multiple

    @property
    def reach(self) -> int:
        return cast(Outliner, self.network).reach

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network((x - self.mean) / self.std)

    def at_all_levels(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Logits at full resolution first, then those at coarser levels, where the network has heads there."""
        x = (x - self.mean) / self.std
        if isinstance(self.network, ResidualUNet):
            return self.network.at_all_levels(x)
        return [self.network(x)]


def network_of(config: CrackUNetConfig, seed: int) -> Standardised:
    """A network with first weights drawn by the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if config.architecture == "separable":
            return Standardised(SeparableUNet(config.widths))
        return Standardised(ResidualUNet(config.widths, config.blocks, deep=config.deep_supervision > 0.0))
