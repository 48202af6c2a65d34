"""Convolutional networks that tell photos with a crack from those without."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Self

import numpy as np
import torch
from torch import nn
from torch.nn import functional as torch_functions

from fieldwright.surrogates.cracks.backbones.backbone import Backbone
from fieldwright.surrogates.cracks.backbones.backbone_weights import backbone_of_shapes, read_backbone
from fieldwright.surrogates.cracks.classification.cnn_settings import CrackCnnConfig
from fieldwright.surrogates.persistence.states import part


class ConvolutionNorm(nn.Module):
    """relu(norm(conv(x))), 3 x 3, with batch normalisation; with a convolution alone once it is folded."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return relu(norm(conv(x)))."""
        return self.relu(self.norm(self.conv(x)))

    def fold(self) -> None:
        """Puts the normalisation's learned scale and shift into the convolution."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv = torch.nn.utils.fuse_conv_bn_eval(self.conv, self.norm)
            self.norm = nn.Identity()


class ResidualStage(nn.Module):
    """Half the resolution, then x + relu(norm(conv(x)))."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.down = ConvolutionNorm(inputs, outputs, 2)
        self.inner = ConvolutionNorm(outputs, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the maps at half the resolution of x."""
        x = self.down(x)
        return x + self.inner(x)


class PhotoNetwork(nn.Module, ABC):
    """Log-odds (q,) of a crack in photos (q, 3, size, size) with levels in [0, 1], from the coarsest feature
    maps.

    The mean and the maximum of each, since a crack may cross little of a photo; dropout; one weight for each.

    width: number of pooled features. dropout: share of them left out in training.
    """

    def __init__(self, maps: int, dropout: float) -> None:
        super().__init__()
        self.width = 2 * maps
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.width, 1)

    @abstractmethod
    def maps(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Feature maps of every stage, from the finest to the coarsest."""

    def scored(self, features: torch.Tensor) -> torch.Tensor:
        """Log-odds (q,) of pooled features (q, width)."""
        return self.head(self.dropout(features))[:, 0]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the log-odds (q,) of photos x (q, 3, size, size)."""
        return self.scored(pooled(self.maps(x)[-1]))

    def folded(self) -> Self:
        """A copy for answers alone, of the same function with no normalisation left to compute."""
        copy = deepcopy(self).eval()
        for module in list(copy.modules()):
            if isinstance(module, ConvolutionNorm):
                module.fold()
        return copy.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


class CrackCnn(PhotoNetwork):
    """A strided convolution and residual stages, each at half the resolution of the one before.

    Batch normalisation: Ioffe & Szegedy, ICML 2015; residual sums: He, Zhang, Ren & Sun, CVPR 2016.

    widths: channels at half, quarter, ... resolution.
    """

    def __init__(self, widths: Sequence[int], dropout: float) -> None:
        super().__init__(widths[-1], dropout)
        self.stem = ConvolutionNorm(3, widths[0], 2)
        self.stages = nn.ModuleList(
            ResidualStage(fine, coarse) for fine, coarse in itertools.pairwise(widths)
        )

    def maps(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Feature maps of the stem and of every stage."""
        maps = [self.stem(2.0 * x - 1.0)]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        return maps


class BackboneCnn(PhotoNetwork):
    """The feature maps of a network that the user brings, standardised as its photos were."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, backbone: Backbone, dropout: float) -> None:
        super().__init__(backbone.widths[-1], dropout)
        self.backbone: Backbone = backbone
        self.register_buffer("mean", torch.tensor(backbone.colour_mean)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(backbone.colour_std)[:, None, None], persistent=False)

    def maps(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Feature maps of the backbone for standardised photos."""
        return self.backbone.maps((x - self.mean) / self.std)


def classifier_network(config: CrackCnnConfig, seed: int) -> PhotoNetwork:
    """The network that the settings ask for, drawn by the seed; raises ModelError for its backbone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if config.backbone is None:
            return CrackCnn(config.widths, config.dropout)
        return BackboneCnn(read_backbone(config.backbone, config.frozen), config.dropout)


def network_again(config: CrackCnnConfig, weights: Mapping[str, np.ndarray]) -> PhotoNetwork:
    """A folded network with these weights, from its settings; its backbone's file is not needed any more."""
    if config.backbone is None:
        network: PhotoNetwork = CrackCnn(config.widths, config.dropout)
    else:
        shapes = {name: torch.Size(one.shape) for name, one in part(weights, "backbone.").items()}
        network = BackboneCnn(backbone_of_shapes(shapes, config.frozen), config.dropout)
    network = network.folded()
    network.load_state_dict({name: torch.from_numpy(one.copy()) for name, one in weights.items()})
    return network


def pooled(maps: torch.Tensor) -> torch.Tensor:
    """Mean and maximum over each map (q, c, y, x): (q, 2 c)."""
    mean = torch_functions.adaptive_avg_pool2d(maps, 1)
    return torch.cat([mean, torch_functions.adaptive_max_pool2d(maps, 1)], dim=1).flatten(1)
