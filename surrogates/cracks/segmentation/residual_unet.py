"""The residual U-Net: logits of crack for each pixel, most of the work at half the photo's resolution and coarser."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as torch_functions

from fieldwright.surrogates.cracks.pointwise import PointwiseConvolution


class Convolution(nn.Sequential):
    """A convolution that keeps the size, or halves it with stride 2, and batch normalisation."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> None:
        convolution = (
            PointwiseConvolution(inputs, outputs)
            if kernel == stride == 1
            else nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, bias=False)
        )
        super().__init__(convolution, nn.BatchNorm2d(outputs))


class UNetBlock(nn.Module):
    """relu(x + norm(conv(relu(norm(conv(x)))))).

    Source: He, Zhang, Ren & Sun, Deep residual learning for image recognition, CVPR 2016.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = Convolution(width, width), Convolution(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return relu(x + norm(conv(relu(norm(conv(x))))))."""
        return torch.relu_(x + self.second(torch.relu_(self.first(x))))


class ResidualUNet(nn.Module):
    """Logits (n, 1, h, w) from photos (n, 3, h, w), for h and w that are multiples of `multiple`.

    The finest level works on squares of 2 x 2 pixels (space to depth), where a convolution costs a quarter, and its
    head answers for the four pixels of a square. The decoder adds the encoder's features to its own.

    Source: Ronneberger, Fischer & Brox, U-Net, MICCAI 2015; residual blocks as in Zhang, Liu & Wang, Road
    extraction by deep residual U-Net, IEEE GRSL 15, 2018.

    widths: channels of the levels at half, quarter, ... resolution. blocks: residual blocks of a level, in the
    encoder and in the decoder each. deep: with heads on the coarser levels too, for training.
    """

    def __init__(self, widths: Sequence[int], blocks: int, deep: bool = False) -> None:
        super().__init__()
        self.multiple = 2 ** len(widths)
        pairs = list(itertools.pairwise(widths))
        self.stem = Convolution(12, widths[0])
        self.down = nn.ModuleList(Convolution(fine, coarse, 2, 2) for fine, coarse in pairs)
        self.encoders = nn.ModuleList(nn.Sequential(*(UNetBlock(w) for _ in range(blocks))) for w in widths)
        self.up = nn.ModuleList(Convolution(coarse, fine, 1) for fine, coarse in pairs)
        self.decoders = nn.ModuleList(
            nn.Sequential(*(UNetBlock(w) for _ in range(blocks))) for w in widths[:-1]
        )
        self.head = nn.Conv2d(widths[0], 4, 3, padding=1)
        self.deep = nn.ModuleList(nn.Conv2d(w, 1, 1) for w in widths[1:-1] if deep)
        # A 3 x 3 convolution at level k reaches 2**k pixels further, and 2 x 2 squares lie on a grid of their own.
        convolutions = [4 * blocks + 2, *(4 * blocks for _ in widths[1:-1]), 2 * blocks]
        self.reach = sum(count * 2 ** (k + 1) for k, count in enumerate(convolutions)) + self.multiple

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (n, 1, h, w) of photos x (n, 3, h, w)."""
        return self.head_of(self.features(x)[0])

    def at_all_levels(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Logits at full resolution, and those of the coarser levels at a quarter, an eighth, ... of it."""
        finest, *coarser = self.features(x)
        heads = zip(self.deep, coarser, strict=False)
        return [self.head_of(finest), *(head(features) for head, features in heads)]

    def head_of(self, features: torch.Tensor) -> torch.Tensor:
        """Return the logits at full resolution from the finest features of the decoder."""
        return torch_functions.pixel_shuffle(self.head(features), 2)

    def features(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The decoder's features, from the finest level to the coarsest."""
        levels = self.encoded(x)
        decoded = [levels.pop()]
        for up, decoder in zip(reversed(self.up), reversed(self.decoders), strict=True):
            x = torch_functions.interpolate(up(decoded[0]), scale_factor=2.0)
            decoded.insert(0, decoder(torch.relu_(x + levels.pop())))
        return decoded

    def encoded(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The encoder's maps, from the finest level to the coarsest."""
        x = torch.relu_(self.stem(torch_functions.pixel_unshuffle(x, 2)))
        levels = [self.encoders[0](x)]
        for down, encoder in zip(self.down, self.encoders[1:], strict=True):
            levels.append(encoder(torch.relu_(down(levels[-1]))))
        return levels
