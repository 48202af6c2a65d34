"""Feature maps of a residual network whose weights the user brings, such as one trained on ImageNet."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional as torch_functions

from fieldwright.surrogates.cracks.backbones.backbone import Backbone

STEM = "conv1.weight"
NARROWEST, WIDEST = 24, 128
"""Channels of a decoder, a quarter of the backbone's at each level."""
CONVOLUTION = re.compile(r"layer(\d+)\.(\d+)\.conv(\d+)\.weight")


class ResidualBlock(nn.Module):
    """relu(shortcut(x) + convolutions(x)): two of 3 x 3, or 1 x 1, 3 x 3 and 1 x 1, each normalised.

    shapes: of the convolutions' weights, which tell their kernels and groups. stride: of the first 3 x 3 and of the
    shortcut, which is a convolution where `projected`.
    """

    def __init__(self, inputs: int, shapes: list[torch.Size], stride: int, projected: bool) -> None:
        super().__init__()
        self.convolutions = len(shapes)
        channels, first = inputs, [shape[-1] for shape in shapes].index(3)
        for k, (outputs, in_group, kernel, _) in enumerate(shapes):
            step, groups = stride if k == first else 1, channels // in_group
            convolution = nn.Conv2d(channels, outputs, kernel, step, kernel // 2, groups=groups, bias=False)
            # The names are those that the published weights have.
            self.add_module(f"conv{k + 1}", convolution)
            self.add_module(f"bn{k + 1}", nn.BatchNorm2d(outputs))
            channels = outputs
        shortcut = (nn.Conv2d(inputs, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))
        self.downsample = nn.Sequential(*(shortcut if projected else ()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x, or its projection, plus its convolutions, rectified."""
        inner = x
        for k in range(1, self.convolutions + 1):
            inner = self.get_submodule(f"bn{k}")(self.get_submodule(f"conv{k}")(inner))
            inner = torch.relu(inner) if k < self.convolutions else inner
        return torch.relu(self.downsample(x) + inner)


class ResidualBackbone(Backbone):
    """Maps (n, widths[k], h / 2^(k + 1), w / 2^(k + 1)) of photos (n, 3, h, w), standardised colour by colour.

    The first is that of the stem, then one of each layer. Source: He, Zhang, Ren & Sun, Deep residual learning for
    image recognition, CVPR 2016; blocks of three with groups as in Xie et al., CVPR 2017.

    shapes: name to shape of all weights; frozen: the weights and the running means stay as they are.
    """

    colour_mean = (0.485, 0.456, 0.406)
    colour_std = (0.229, 0.224, 0.225)
    # Of the photos in [0, 1] that such networks are usually trained on (ImageNet).

    def __init__(self, shapes: Mapping[str, torch.Size], frozen: bool) -> None:
        super().__init__(frozen)
        stem, _, kernel, _ = shapes[STEM]
        self.conv1 = nn.Conv2d(3, stem, kernel, 2, kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        shapes_by_layer: dict[int, dict[int, dict[int, torch.Size]]] = {}
        for name, shape in shapes.items():
            if match := CONVOLUTION.fullmatch(name):
                layer, block, convolution = map(int, match.groups())
                shapes_by_layer.setdefault(layer, {}).setdefault(block, {})[convolution] = shape
        self.layers, widths, self.reach = len(shapes_by_layer), [stem], kernel // 2 + 2
        for layer in sorted(shapes_by_layer):
            blocks, inputs = [], widths[-1]
            for block, convolutions in sorted(shapes_by_layer[layer].items()):
                stride = 2 if block == 0 and layer > 1 else 1
                projected = f"layer{layer}.{block}.downsample.0.weight" in shapes
                ordered = [shape for _, shape in sorted(convolutions.items())]
                blocks.append(ResidualBlock(inputs, ordered, stride, projected))
                inputs = ordered[-1][0]
                self.reach += sum(shape[-1] // 2 for shape in ordered) * 2 ** (layer + 1)
            self.add_module(f"layer{layer}", nn.Sequential(*blocks))
            widths.append(inputs)
        self.widths = tuple(widths)
        self.decoder_widths = tuple(min(max(width // 4, NARROWEST), WIDEST) for width in widths)
        self.requires_grad_(not frozen)

    def maps(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Feature maps from the finest, at half resolution, to the coarsest."""
        maps = [torch.relu(self.bn1(self.conv1(x)))]
        x = torch_functions.max_pool2d(maps[0], 3, 2, padding=1)
        for layer in range(1, self.layers + 1):
            x = self.get_submodule(f"layer{layer}")(x)
            maps.append(x)
        return maps
