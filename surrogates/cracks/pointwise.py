"""Convolutions of 1 x 1 pixels as the matrix products that they are."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as torch_functions


class PointwiseConvolution(nn.Conv2d):
    """A 1 x 1 convolution, of stride 1 and in one group, of the same weights, names and answers as `nn.Conv2d`.

    On one thread PyTorch gives such convolutions to a loop over the photos of a batch; the product of all pixels at
    once takes down to half of the time forwards and two thirds to nine tenths of it with the gradients.
    """

    def __init__(self, inputs: int, outputs: int, bias: bool = False) -> None:
        super().__init__(inputs, outputs, 1, bias=bias)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return the maps (n, outputs, h, w) of input (n, inputs, h, w)."""
        # With channels last in memory, neither turn moves a number.
        if input.device.type != "cpu" or not input.is_contiguous(memory_format=torch.channels_last):
            return super().forward(input)
        pixels = torch_functions.linear(input.permute(0, 2, 3, 1), self.weight[:, :, 0, 0], self.bias)
        return pixels.permute(0, 3, 1, 2)
