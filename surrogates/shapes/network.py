"""The U-Net: one encoder of the geometry, and for each component of the fields a decoder of its own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as torch_functions


class Convolution(nn.Module):
    """A 3 x 3 convolution that keeps the size: what lies beyond an edge repeats the period, or the edge itself."""

    def __init__(self, inputs: int, outputs: int, periodic: tuple[bool, bool]) -> None:
        super().__init__()
        self.inner = nn.Conv2d(inputs, outputs, 3)
        self.modes = ["circular" if yes else "replicate" for yes in periodic]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch_functions.pad(x, (0, 0, 1, 1), mode=self.modes[0])
        return self.inner(torch_functions.pad(x, (1, 1, 0, 0), mode=self.modes[1]))


class Block(nn.Module):
    """x + conv(act(conv(act(x)))), which begins as the identity."""

    def __init__(self, width: int, periodic: tuple[bool, bool]) -> None:
        super().__init__()
        self.first = Convolution(width, width, periodic)
        self.second = Convolution(width, width, periodic)
        nn.init.zeros_(self.second.inner.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = self.first(torch_functions.silu(x))
        return x + self.second(torch_functions.silu(inner))


class Decoder(nn.Module):
    """From the coarsest features back to the grid: at each level upsampled and added to the encoder's."""

    def __init__(self, widths: Sequence[int], periodic: tuple[bool, bool]) -> None:
        super().__init__()
        pairs = list(itertools.pairwise(reversed(widths)))
        self.reduce = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for coarse, fine in pairs)
        self.skip = nn.ModuleList(nn.Conv2d(fine, fine, 1) for _, fine in pairs)
        self.blocks = nn.ModuleList(Block(fine, periodic) for _, fine in pairs)
        self.head = Convolution(widths[0], 4, periodic)

    def forward(self, levels: Sequence[torch.Tensor]) -> torch.Tensor:
        """One component (q, 1, ny, nx) from the encoder's features, the finest first."""
        x = levels[-1]
        finer = reversed(levels[:-1])
        for reduce, skip, block, level in zip(self.reduce, self.skip, self.blocks, finer, strict=True):
            x = block(torch_functions.interpolate(reduce(x), scale_factor=2.0) + skip(level))
        # The finest level has half the grid's resolution: four outputs there are one on the grid.
        return torch_functions.pixel_shuffle(self.head(torch_functions.silu(x)), 2)


class UNet(nn.Module):
    """Fields (q, outputs, ny, nx) from channels (q, inputs, ny, nx), for any ny and nx.

    Source: Ronneberger, Fischer & Brox, U-Net, MICCAI 2015; a decoder for each component as in Ribeiro, Rehman,
    Ahmed & Dengel, DeepCFD, arXiv:2004.08826, 2020. Residual blocks stand in place of plain convolutions, and
    the finest level works at half the grid's resolution (space to depth), where a convolution costs a quarter.

    widths: channels of the levels at half, quarter, ... resolution. periodic: along rows and along columns.
    """

    def __init__(self, inputs: int, outputs: int, widths: Sequence[int], periodic: tuple[bool, bool]) -> None:
        super().__init__()
        self.multiple = 2 ** len(widths)
        self.modes = ["circular" if yes else "replicate" for yes in periodic]
        before = [inputs, *widths[:-1]]
        self.down = nn.ModuleList(
            nn.Conv2d(fine, coarse, 2, stride=2) for fine, coarse in zip(before, widths, strict=True)
        )
        self.blocks = nn.ModuleList(Block(width, periodic) for width in widths)
        self.decoders = nn.ModuleList(Decoder(widths, periodic) for _ in range(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows, columns = x.shape[-2:]
        x = torch_functions.pad(x, (0, 0, 0, -rows % self.multiple), mode=self.modes[0])
        x = torch_functions.pad(x, (0, -columns % self.multiple, 0, 0), mode=self.modes[1])
        levels = []
        for down, block in zip(self.down, self.blocks, strict=True):
            x = block(down(x))
            levels.append(x)
        found = torch.cat([decoder(levels) for decoder in self.decoders], dim=1)
        return found[..., :rows, :columns]
