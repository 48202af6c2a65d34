"""The plain U-Net, with which others are compared."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as torch_functions


def _pair(inputs: int, outputs: int) -> nn.Sequential:
    """Two 3 x 3 convolutions, each normalised and followed by relu."""
    layers = []
    for channels in (inputs, outputs):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers)


class PlainUNet(nn.Module):
    """Logits (n, 1, h, w) from photos (n, 3, h, w), for h and w that are multiples of `multiple`.

    Source: Ronneberger, Fischer & Brox, U-Net, MICCAI 2015, with padding and batch normalisation.

    widths: channels at full, half, quarter, ... resolution.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        pairs = list(itertools.pairwise(widths))
        self.multiple = 2 ** len(pairs)
        self.encoders = nn.ModuleList(_pair(fine, coarse) for fine, coarse in [(3, widths[0]), *pairs])
        self.up = nn.ModuleList(nn.ConvTranspose2d(coarse, fine, 2, 2) for fine, coarse in pairs)
        self.decoders = nn.ModuleList(_pair(2 * fine, fine) for fine, _ in pairs)
        self.head = nn.Conv2d(widths[0], 1, 1)
        self.reach = sum(4 * 2**k for k in range(len(pairs))) + 2 * 2 ** len(pairs) + self.multiple

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (n, 1, h, w) of photos x (n, 3, h, w)."""
        levels = self.encoded(x)
        x = levels.pop()
        for up, decoder in zip(reversed(self.up), reversed(self.decoders), strict=True):
            x = decoder(torch.cat([levels.pop(), up(x)], dim=1))
        return self.head(x)

    def encoded(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The encoder's maps, from the finest level to the coarsest."""
        levels = [self.encoders[0](x)]
        for encoder in self.encoders[1:]:
            levels.append(encoder(torch_functions.max_pool2d(levels[-1], 2)))
        return levels
