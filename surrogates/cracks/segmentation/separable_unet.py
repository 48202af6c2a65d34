"""The small separable U-Net: an encoder of depthwise separable convolutions, a decoder of full ones."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as torch_functions


class Separable(nn.Sequential):
    """A 3 x 3 convolution of each channel by itself, then a 1 x 1 convolution over the channels, normalised."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False),
            nn.Conv2d(inputs, outputs, 1),
            nn.BatchNorm2d(outputs),
        )


class Down(nn.Module):
    """Two separable convolutions and a maximum over 3 x 3 with stride 2, beside a 1 x 1 convolution of stride 2."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.ReLU(),
            Separable(inputs, outputs),
            nn.ReLU(),
            Separable(outputs, outputs),
            nn.MaxPool2d(3, 2, padding=1),
        )
        self.beside = nn.Conv2d(inputs, outputs, 1, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the sum of the convolutions and the 1 x 1 convolution of x."""
        return self.inner(x) + self.beside(x)


class Up(nn.Module):
    """Two convolutions, then twice the size, beside a 1 x 1 convolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
        )
        self.beside = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the sum of the convolutions and the 1 x 1 convolution of x, at twice the size."""
        return torch_functions.interpolate(self.inner(x) + self.beside(x), scale_factor=2.0)


class SeparableUNet(nn.Module):
    """Logits (n, 1, h, w) from photos (n, 3, h, w), for h and w that are multiples of `multiple`.

    With widths 32, 64, 128, 256 it is the network of 2.06 million weights of Chollet's example of segmentation
    (Keras, Image segmentation with a U-Net-like architecture, 2019), after his Xception, CVPR 2017, which studies
    of cracks take as their small network. It has no connections from encoder to decoder.

    widths: channels after the first convolution, at half resolution, and of the coarser levels.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.multiple = 2 ** len(widths)
        self.stem = nn.Sequential(
            nn.Conv2d(3, widths[0], 3, 2, padding=1), nn.BatchNorm2d(widths[0]), nn.ReLU()
        )
        self.encoder = nn.Sequential(*(Down(fine, coarse) for fine, coarse in itertools.pairwise(widths)))
        decoded = [widths[-1], *reversed(widths)]
        self.decoder = nn.Sequential(*(Up(coarse, fine) for coarse, fine in itertools.pairwise(decoded)))
        self.head = nn.Conv2d(widths[0], 1, 3, padding=1)
        # Two convolutions and the maximum on the way down, two convolutions on the way up, at each level.
        self.reach = 2 + sum(5 * 2 ** (k + 1) for k in range(len(widths))) + self.multiple

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (n, 1, h, w) of photos x (n, 3, h, w)."""
        return self.head(self.decoder(self.encoded(x)[-1]))

    def encoded(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The encoder's maps, from the finest level to the coarsest."""
        levels = [self.stem(x)]
        for down in self.encoder:
            levels.append(down(levels[-1]))
        return levels
