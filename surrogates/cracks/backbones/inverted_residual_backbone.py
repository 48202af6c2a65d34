"""Feature maps of EfficientNet-Lite: inverted residual blocks, with weights by their published names."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional as torch_functions

from fieldwright.surrogates.cracks.backbones.backbone import Backbone
from fieldwright.surrogates.cracks.pointwise import PointwiseConvolution

STEM = "_conv_stem.weight"
DEPTHWISE = re.compile(r"_blocks\.(\d+)\._depthwise_conv\.weight")
HALVING = (1, 3, 5, 11)
"""Blocks that halve the resolution; the stem does so before them."""
DECODED = (24, 32, 48, 96)
"""Channels with which a decoder goes on from the maps at half, quarter, ... resolution."""
EPSILON, MOMENTUM = 1e-3, 0.01
"""Of batch normalisation, as these networks were trained."""


class SameConvolution(nn.Conv2d):
    """A convolution that gives h / stride x w / stride pixels; with a stride of 2 it reaches a pixel further down and
    to the right than up and to the left, as TensorFlow, where the weights come from, pads it."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(
            inputs, outputs, kernel, stride, kernel // 2 if stride == 1 else 0, groups=groups, bias=False
        )
        self.before, self.after = (kernel - 2) // 2, kernel - 2 - (kernel - 2) // 2

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return the convolution of maps whose height and width are multiples of the stride."""
        if self.stride[0] == 1:
            return super().forward(input)
        return super().forward(torch_functions.pad(input, (self.before, self.after, self.before, self.after)))


class InvertedResidualBlock(nn.Module):
    """Widened by 1 x 1, convolved channel by channel, narrowed by 1 x 1; added to its input where they are alike.

    Source: Sandler et al., MobileNetV2: inverted residuals and linear bottlenecks, CVPR 2018.
    """

    def __init__(self, inputs: int, outputs: int, wide: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.adds = inputs == outputs and stride == 1
        # The names are those that the published weights have.
        if wide != inputs:
            self._expand_conv = PointwiseConvolution(inputs, wide)
            self._bn0 = _norm(wide)
        self._depthwise_conv = SameConvolution(wide, wide, kernel, stride, groups=wide)
        self._bn1 = _norm(wide)
        self._project_conv = PointwiseConvolution(wide, outputs)
        self._bn2 = _norm(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the block's maps."""
        inner = x
        if hasattr(self, "_expand_conv"):
            inner = torch_functions.relu6(self._bn0(self._expand_conv(inner)))
        # In bfloat16 the gradient of a convolution channel by channel takes twice the time of single precision.
        with torch.autocast(inner.device.type, enabled=False):
            inner = torch_functions.relu6(self._bn1(self._depthwise_conv(inner.float())))
        inner = self._bn2(self._project_conv(inner))
        return x + inner if self.adds else inner


class InvertedResidualBackbone(Backbone):
    """Maps (n, widths[k], h / 2^(k + 1), w / 2^(k + 1)) of photos (n, 3, h, w), standardised colour by colour.

    Each is that of the last block at its resolution. Source: Tan & Le, EfficientNet: rethinking model scaling for
    convolutional neural networks, ICML 2019, in its Lite form (relu6, no squeeze and excitation).

    shapes: name to shape of all weights, of as many blocks as are wanted; frozen: the weights and the running means
    stay as they are.
    """

    colour_mean = (127 / 255,) * 3
    colour_std = (128 / 255,) * 3

    def __init__(self, shapes: Mapping[str, torch.Size], frozen: bool) -> None:
        super().__init__(frozen)
        stem, _, kernel, _ = shapes[STEM]
        self._conv_stem = SameConvolution(3, stem, kernel, 2)
        self._bn0 = _norm(stem)
        blocks, width, scale, self.reach = [], stem, 2, kernel // 2
        widths, self.ends = [], []
        numbers = sorted(int(match[1]) for name in shapes if (match := DEPTHWISE.fullmatch(name)))
        for number in numbers:
            wide, _, kernel, _ = shapes[f"_blocks.{number}._depthwise_conv.weight"]
            outputs = shapes[f"_blocks.{number}._project_conv.weight"][0]
            stride = 2 if number in HALVING else 1
            if stride == 2:
                widths.append(width)
                self.ends.append(number - 1)
            blocks.append(InvertedResidualBlock(width, outputs, wide, kernel, stride))
            self.reach += kernel // 2 * scale
            width, scale = outputs, scale * stride
        self._blocks = nn.ModuleList(blocks)
        self.widths = (*widths, width)
        self.ends.append(len(blocks) - 1)
        self.decoder_widths = DECODED[: len(self.widths)] + (DECODED[-1],) * (len(self.widths) - len(DECODED))
        self.requires_grad_(not frozen)

    def maps(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Feature maps from the finest, at half resolution, to the coarsest."""
        maps = []
        x = torch_functions.relu6(self._bn0(self._conv_stem(x)))
        for number, block in enumerate(self._blocks):
            x = block(x)
            if number in self.ends:
                maps.append(x)
        return maps


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=EPSILON, momentum=MOMENTUM)
