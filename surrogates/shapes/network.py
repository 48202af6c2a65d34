"""An ensemble of U-Nets: one encoder of the geometry, and for each component of the fields a decoder of its own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as torch_functions


class PeriodicConvolution(nn.Module):
    """A 3 x 3 convolution that keeps the size: padded by the period along periodic axes, else by the edge."""

    def __init__(self, inputs: int, outputs: int, groups: int, periodic: tuple[bool, bool]) -> None:
        super().__init__()
        self.inner = nn.Conv2d(groups * inputs, groups * outputs, 3, groups=groups)
        self.modes = ["circular" if yes else "replicate" for yes in periodic]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Convolve x (q, groups * inputs, ny, nx)."""
        x = torch_functions.pad(x, (0, 0, 1, 1), mode=self.modes[0])
        return self.inner(torch_functions.pad(x, (1, 1, 0, 0), mode=self.modes[1]))


class PeriodicBlock(nn.Module):
    """x + conv(act(... conv(act(x)))) of `depth` convolutions, initially the identity."""

    def __init__(self, width: int, depth: int, groups: int, periodic: tuple[bool, bool]) -> None:
        super().__init__()
        convolutions = [PeriodicConvolution(width, width, groups, periodic) for _ in range(depth)]
        nn.init.zeros_(convolutions[-1].inner.weight)
        self.inner = nn.ModuleList(convolutions)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x with the convolutions of it added."""
        inner = x
        for convolution in self.inner:
            inner = convolution(torch_functions.silu(inner))
        return x + inner


class UNets(nn.Module):
    """Fields (q, members, outputs, ny, nx) from channels (q, members, inputs, ny, nx), for any ny and nx.

    Members, and the decoders of each, are groups of the same convolutions: they share no weight, and one call of a
    few large operations answers for all. A decoder goes from the coarsest features back to the grid, at each level
    upsampled and added to the encoder's features, which it weighs by itself.

    Source: Ronneberger, Fischer & Brox, U-Net, MICCAI 2015; a decoder for each component as in Ribeiro, Rehman,
    Ahmed & Dengel, DeepCFD, arXiv:2004.08826, 2020. Residual blocks stand in place of plain convolutions, and
    the finest level works at half the grid's resolution (space to depth), where a convolution costs a quarter.

    widths: channels of the levels at half, quarter, ... resolution. periodic: along rows and along columns.
    """

    def __init__(
        self, members: int, inputs: int, outputs: int, widths: Sequence[int], periodic: tuple[bool, bool]
    ) -> None:
        super().__init__()
        self.members, self.outputs = members, outputs
        self.multiple = 2 ** len(widths)
        self.modes = ["circular" if yes else "replicate" for yes in periodic]
        finer = [inputs, *widths[:-1]]
        self.down = nn.ModuleList(
            nn.Conv2d(members * fine, members * coarse, 2, stride=2, groups=members)
            for fine, coarse in zip(finer, widths, strict=True)
        )
        self.encoders = nn.ModuleList(PeriodicBlock(width, 2, members, periodic) for width in widths)
        decoders = members * outputs
        pairs = list(itertools.pairwise(reversed(widths)))
        # The coarsest features are the encoder's own, one set for all decoders of a member.
        self.up = nn.ModuleList(
            nn.Conv2d(
                (members if k == 0 else decoders) * coarse,
                decoders * fine,
                1,
                groups=members if k == 0 else decoders,
            )
            for k, (coarse, fine) in enumerate(pairs)
        )
        self.skip = nn.ModuleList(
            nn.Conv2d(members * fine, decoders * fine, 1, groups=members) for _, fine in pairs
        )
        self.decoders = nn.ModuleList(PeriodicBlock(fine, 1, decoders, periodic) for _, fine in pairs)
        self.head = PeriodicConvolution(widths[0], 4, decoders, periodic)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Predict the fields of each member from its channels."""
        rows, columns = x.shape[-2:]
        x = x.flatten(1, 2)
        x = torch_functions.pad(x, (0, 0, 0, -rows % self.multiple), mode=self.modes[0])
        x = torch_functions.pad(x, (0, -columns % self.multiple, 0, 0), mode=self.modes[1])
        levels = []
        for down, encoder in zip(self.down, self.encoders, strict=True):
            x = encoder(down(x))
            levels.append(x)
        finer = reversed(levels[:-1])
        for up, skip, decoder, level in zip(self.up, self.skip, self.decoders, finer, strict=True):
            x = decoder(torch_functions.interpolate(up(x), scale_factor=2.0) + skip(level))
        # The finest level has half the grid's resolution: four outputs there are one on the grid.
        outputs = torch_functions.pixel_shuffle(self.head(torch_functions.silu(x)), 2)
        return outputs[..., :rows, :columns].unflatten(1, (self.members, self.outputs))
