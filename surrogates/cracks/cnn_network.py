"""A small convolutional network that tells photos with a crack from those without."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from copy import deepcopy
from typing import Self

import torch
from torch import nn
from torch.nn import functional as torch_functions


class ConvolutionNorm(nn.Module):
    """relu(norm(conv(x))), 3 x 3, with batch normalisation; with a convolution alone once it is folded."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.relu(self.norm(self.conv(x)))

    def fold(self) -> None:
        """Puts the normalisation's learned scale and shift into the convolution."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv = torch.nn.utils.fuse_conv_bn_eval(self.conv, self.norm)
            self.norm = nn.Identity()


class Stage(nn.Module):
    """Half the resolution, then x + relu(norm(conv(x)))."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.down = ConvolutionNorm(inputs, outputs, 2)
        self.inner = ConvolutionNorm(outputs, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.down(x)
        return x + self.inner(x)


class CrackCnn(nn.Module):
    """Log-odds (q,) of a crack in photos (q, 3, size, size) with levels in [0, 1].

    A strided convolution and residual stages, each at half the resolution of the one before; the mean and the
    maximum of each coarsest map, since a crack may cross little of a photo; dropout; one weight for each.
    Batch normalisation: Ioffe & Szegedy, ICML 2015; residual sums: He, Zhang, Ren & Sun, CVPR 2016.

    widths: channels at half, quarter, ... resolution. dropout: share of the pooled features left out in
    training.
    """

    def __init__(self, widths: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.stem = ConvolutionNorm(3, widths[0], 2)
        self.stages = nn.ModuleList(Stage(fine, coarse) for fine, coarse in itertools.pairwise(widths))
        self.dropout = nn.Dropout(dropout)
        self.width = 2 * widths[-1]
        self.head = nn.Linear(self.width, 1)

    def maps(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Feature maps of every stage, from the finest to the coarsest."""
        found = [self.stem(2.0 * x - 1.0)]
        for stage in self.stages:
            found.append(stage(found[-1]))
        return found

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.scored(pooled(self.maps(x)[-1]))

    @property
    def last(self) -> nn.Module:
        """The stage whose maps are pooled."""
        return self.stages[-1]

    def scored(self, features: torch.Tensor) -> torch.Tensor:
        """Log-odds (q,) of pooled features (q, width)."""
        return self.head(self.dropout(features))[:, 0]

    def folded(self) -> Self:
        """A copy for answers alone, of the same function with no normalisation left to compute."""
        copy = deepcopy(self).eval()
        for module in copy.modules():
            if isinstance(module, ConvolutionNorm):
                module.fold()
        return copy.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def pooled(maps: torch.Tensor) -> torch.Tensor:
    """Mean and maximum over each map (q, c, y, x): (q, 2 c)."""
    mean = torch_functions.adaptive_avg_pool2d(maps, 1)
    return torch.cat([mean, torch_functions.adaptive_max_pool2d(maps, 1)], dim=1).flatten(1)
