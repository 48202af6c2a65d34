"""A U-Net whose encoder is a backbone that the user brings."""

from __future__ import annotations

import itertools

import torch
from torch import nn
from torch.nn import functional as torch_functions

from fieldwright.surrogates.cracks.backbones.backbone import Backbone
from fieldwright.surrogates.cracks.segmentation.residual_unet import Convolution, UNetBlock


class BackboneUNet(nn.Module):
    """Logits (n, 1, h, w) from photos (n, 3, h, w), for h and w that are multiples of `multiple`.

    The decoder is light: at each level it has the channels that the backbone asks for, and the backbone's map is
    added to what comes from the coarser one.
    """

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone: Backbone = backbone
        widths = backbone.decoder_widths
        pairs = list(itertools.pairwise(widths))
        self.multiple = 2 ** len(widths)
        self.beside = nn.ModuleList(
            Convolution(theirs, ours, 1) for theirs, ours in zip(backbone.widths, widths, strict=True)
        )
        self.up = nn.ModuleList(Convolution(coarse, fine, 1) for coarse, fine in ((b, a) for a, b in pairs))
        self.decoders = nn.ModuleList(UNetBlock(fine) for fine, _ in pairs)
        self.head = nn.Conv2d(widths[0], 4, 3, padding=1)
        decoder_reach = 2 + sum(2 * 2 ** (k + 1) for k in range(len(pairs)))
        self.reach = backbone.reach + decoder_reach + self.multiple

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (n, 1, h, w) of photos x (n, 3, h, w)."""
        *finer, x = self.encoded(x)
        x = torch.relu_(x)
        for k in reversed(range(len(finer))):
            x = torch_functions.interpolate(self.up[k](x), scale_factor=2.0)
            x = self.decoders[k](torch.relu_(x + finer[k]))
        return torch_functions.pixel_shuffle(self.head(x), 2)

    def encoded(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The encoder's maps in the decoder's widths, from the finest level to the coarsest."""
        return [beside(level) for beside, level in zip(self.beside, self.backbone.maps(x), strict=True)]
