"""The network that the settings of a segmenter ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

import numpy as np
import torch
from torch import nn

from fieldwright.surrogates.cracks.backbones.backbone_weights import backbone_of, read_backbone
from fieldwright.surrogates.cracks.segmentation.backbone_unet import BackboneUNet
from fieldwright.surrogates.cracks.segmentation.plain_unet import PlainUNet
from fieldwright.surrogates.cracks.segmentation.residual_unet import ResidualUNet
from fieldwright.surrogates.cracks.segmentation.separable_unet import SeparableUNet
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig

BACKBONE = "network.backbone."
"""Before the names of a backbone's weights in the state dict of a network."""


class Outliner(Protocol):
    """Logits (n, 1, h, w) from photos (n, 3, h, w), h and w multiples of `multiple`.

    reach: no logit depends on a pixel further away than so many rows or columns. encoded: the encoder's maps.
    """

    multiple: int
    reach: int

    def __call__(self, x: torch.Tensor) -> torch.Tensor: ...

    def encoded(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Return the maps of the encoder, from the finest level to the coarsest."""
        ...


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
        """Sets mean and standard deviation (3,) of the colours in [0, 1]; a backbone keeps those it was made with."""
        if isinstance(self.network, BackboneUNet):
            backbone = self.network.backbone
            mean, std = np.array(backbone.colour_mean), np.array(backbone.colour_std)
        self.mean.copy_(torch.from_numpy(mean).view(3, 1, 1))
        self.std.copy_(torch.from_numpy(np.maximum(std, 1e-3)).view(3, 1, 1))

    @property
    def multiple(self) -> int:
        """The number that height and width must be multiples of."""
        return cast(Outliner, self.network).multiple

    @property
    def reach(self) -> int:
        """Rows or columns beyond which no pixel affects a logit."""
        return cast(Outliner, self.network).reach

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of photos x, standardised first."""
        return self.network((x - self.mean) / self.std)

    def encoded(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The encoder's maps, from the finest level to the coarsest."""
        return cast(Outliner, self.network).encoded((x - self.mean) / self.std)

    def at_all_levels(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Logits at full resolution first, then those at coarser levels, where the network has heads there."""
        x = (x - self.mean) / self.std
        if isinstance(self.network, ResidualUNet):
            return self.network.at_all_levels(x)
        return [self.network(x)]


def segmentation_network(
    config: CrackUNetConfig, seed: int, state: Mapping[str, torch.Tensor] | None = None
) -> Standardised:
    """A network with first weights drawn by the seed, or with those of a state dict that it gave before.

    Raises ModelError for a backbone that cannot be read.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Standardised(_inner(config, state))
    if state is not None:
        network.load_state_dict(state)
    return network.eval()


def _inner(config: CrackUNetConfig, state: Mapping[str, torch.Tensor] | None) -> nn.Module:
    if config.backbone is not None:
        if state is None:
            return BackboneUNet(read_backbone(config.backbone, config.frozen))
        inner_weights = {
            name.removeprefix(BACKBONE): tensor for name, tensor in state.items() if name.startswith(BACKBONE)
        }
        return BackboneUNet(backbone_of(inner_weights, config.frozen))
    if config.architecture == "separable":
        return SeparableUNet(config.widths)
    if config.architecture == "plain":
        return PlainUNet(config.widths)
    return ResidualUNet(config.widths, config.blocks, deep=config.deep_supervision > 0.0)
